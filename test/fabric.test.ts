import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Principal } from '../local/contracts';
import { Fabric, type Viewer } from '../local/fabric/fabric';
import type { ViewReader } from '../local/fabric/viewReader';
import { deployer, judge } from '../local/identity/principals';
import { readDashboardSource } from '../runtime/powerbi/source';
import { type DashboardVariation, dashboardProgram, engineers, nurses, operators } from './support/dashboardProgram';
import { dashboardPatient } from './support/dashboardRows';
import type { EngineStack } from './support/engineStack';
import { FabricClient } from './support/fabricClient';
import { HospitalCloud } from './support/hospitalCloud';

/** The dashboard's resources of Microsoft Fabric, through the real engine against the local Fabric. */
let hospital: HospitalCloud;
let stack: EngineStack;
let api: FabricClient;

const program =
  (vary: DashboardVariation = {}) =>
  async () =>
    dashboardProgram(hospital.cloud.fabric.urls, vary);
/** What the last deployment told. */
let made: Made;

interface Made {
  readonly workspaceId: string;
  readonly semanticModelId: string;
  readonly reportId: string;
  readonly reportUrl: string;
  readonly identity: { readonly name: string; readonly clientId: string; readonly objectId: string };
}

async function up(vary: DashboardVariation = {}): Promise<Made> {
  const { outputs } = await stack.up(program(vary));
  made = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])) as unknown as Made;
  return made;
}

const inWorkspace = (path = '') => `/workspaces/${made.workspaceId}${path}`;
const inModel = (path = '') => inWorkspace(`/semanticModels/${made.semanticModelId}${path}`);
const unbind = () => api.post(inModel('/bindConnection'), { connectionBinding: { connectivityType: 'None' } });

const changedBy = async (vary: DashboardVariation) =>
  (await stack.preview(program(vary)))
    .map(({ op, name, differences }) => `${op} ${name}: ${Object.keys(differences)}`)
    .sort();

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  api = new FabricClient(hospital.cloud, deployer);
  stack = await hospital.stack('dashboard');
});

afterAll(() => hospital.close());

/** A Fabric on the same state that reads rows from the test, and remembers who read. */
function seenThrough(rows: Readonly<Record<string, readonly object[]>>) {
  const readers = new Set<string>();
  const reader: ViewReader = {
    read: async ({ view }, columns, as: Principal) => {
      readers.add(`${as.name} ${as.clientId}`);
      return (rows[view] ?? []).map((row) => Object.fromEntries(columns.map((c) => [c, (row as never)[c]])));
    },
    close: async () => {},
  };
  const { state, controlPlane, authority, certificates, ports } = hospital.cloud;
  const context = { stateFolder: (name: string) => state.folder(name), authority, certificates, ports };
  const fabric = new Fabric({ ...context, resources: controlPlane.resources }, { reader, know: () => {} });
  return { fabric, readers };
}

describe('the dashboard as resources', () => {
  test('is made, and then neither a preview nor a refresh changes anything', async () => {
    const { reportUrl, workspaceId, reportId } = await up();
    expect(reportUrl).toBe(`https://app.powerbi.com/groups/${workspaceId}/reports/${reportId}`);
    expect(await stack.preview(program())).toEqual([]);
    expect(await stack.preview(program(), true)).toEqual([]);
  });

  test('has the identity of its workspace in the directory, which can sign in to databases', async () => {
    const principal = { ...made.identity, tenantId: deployer.tenantId };
    const { authority } = hospital.cloud;
    const { token } = await authority.token(principal, 'https://database.windows.net/');
    expect(await authority.authenticate(token, 'https://database.windows.net/')).toEqual(principal);
  });

  test('shows a change as what changes', async () => {
    expect(await changedBy({ workspaceName: 'Care risk of ward 3' })).toEqual([
      'update hot-dashboard-connection: displayName',
      'update hot-dashboard-workspace: displayName',
    ]);
    expect(await changedBy({ pageRefreshSeconds: 30 })).toEqual([
      expect.stringMatching(/^update hot-dashboard-report: parts\["definition\/pages\/data\/page.json"\],/),
    ]);
    expect(await changedBy({ databaseName: 'other' })).toEqual(
      expect.arrayContaining(['update hot-dashboard-model: parts["model.bim"]']),
    );
  });

  test('makes it in place; a new database is another connection, to which the model is bound', async () => {
    const before = made;
    const workspaceName = 'Care risk of ward 3';
    expect(await up({ workspaceName, databaseName: 'other' })).toMatchObject({
      ...{ workspaceId: before.workspaceId, semanticModelId: before.semanticModelId, reportId: before.reportId },
    });
    expect(await api.get(inWorkspace())).toMatchObject({ displayName: workspaceName });
    const bound = () => api.get(inWorkspace(`/items/${made.semanticModelId}/connections`));
    const through = (path: string) => ({
      value: [{ connectivityType: 'ShareableCloud', connectionDetails: { path } }],
    });
    expect(await bound()).toMatchObject(through('localhost,14330;other'));
    await up();
    expect(await bound()).toMatchObject(through('localhost,14330;repository'));
  });

  test('what somebody changed by hand is seen by a refresh, and put right', async () => {
    await api.patch(inWorkspace(), { displayName: 'Something else' });
    await api.patch(inWorkspace(`/roleAssignments/${nurses}`), { role: 'Admin' });
    await api.delete(inWorkspace(`/roleAssignments/${operators}`));
    await api.editModel(inModel(), (text) => text.replace('= USEROBJECTID()', '<> USEROBJECTID()'));
    await unbind();
    const steps = await stack.preview(program(), true);
    expect(steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
      'create hot-dashboard-binding',
      'create hot-dashboard-viewer-operators',
      'update hot-dashboard-model',
      'update hot-dashboard-viewer-nurses',
      'update hot-dashboard-workspace',
    ]);
    await stack.refresh();
    await up();
    expect(await stack.preview(program(), true)).toEqual([]);
    expect(await api.get(inWorkspace(`/roleAssignments/${nurses}`))).toMatchObject({ role: 'Viewer' });
  });

  test('a refresh on demand fails where nothing may read the source; what somebody deleted is made again', async () => {
    const { reportId } = made;
    await api.delete(inWorkspace(`/reports/${reportId}`));
    await api.post(inWorkspace('/deprovisionIdentity'), {});
    expect(await stack.refusal(program({ refreshTrigger: '1' }), 'up')).toContain(
      "Power BI ended the refresh of the semantic model as Failed: The workspace 'Care risk of St Mary' has no identity.",
    );
    await stack.refresh();
    const again = await up();
    expect(again.reportId).not.toBe(reportId);
    expect(await api.get(inWorkspace())).toMatchObject({
      workspaceIdentity: { applicationId: again.identity.clientId },
    });
  });
});

describe('what the dashboard shows', () => {
  const rows = {
    patient: [
      dashboardPatient({ patient: 'a', displayName: 'Ada', careTeam: 'icu', band: 'high', riskOrder: 0 }),
      dashboardPatient({ patient: 'b', displayName: 'Bea', careTeam: 'ward' }),
    ],
    teamMember: [
      { careTeam: 'icu', hospital: 'stmary', objectId: 'nurse-of-icu' },
      { careTeam: 'ward', hospital: 'stmary', objectId: 'nurse-of-ward' },
    ],
    trend: [
      {
        ...{ patient: 'a', hospital: 'stmary', careTeam: 'icu', windowEnd: new Date(0), band: 'high' },
        ...{ total: 7, floorTotal: 7, ceilingTotal: 7 },
      },
    ],
  };
  const nurse = { objectId: 'nurse-of-icu', groups: [nurses] };

  test("a nurse sees her team's patients alone, an operator all, and somebody else nothing", async () => {
    const { semanticModelId, reportId, identity } = made;
    const { fabric, readers } = seenThrough(rows);
    const see = (table: string, viewer: Viewer) => fabric.query(semanticModelId, table, viewer);
    await expect(see('patient', nurse)).rejects.toThrow('is in no role of the semantic model');
    fabric.addRoleMember(semanticModelId, 'Care team', nurses);
    fabric.addRoleMember(semanticModelId, 'Whole hospital', operators);
    expect(await see('patient', nurse)).toMatchObject([{ patient: 'a' }]);
    expect(await see('trend', nurse)).toMatchObject([{ patient: 'a' }]);
    const other = { objectId: 'nurse-of-ward', groups: [nurses] };
    expect(await see('patient', other)).toMatchObject([{ patient: 'b' }]);
    expect(await see('trend', other)).toEqual([]);
    const visuals = await fabric.draw(reportId, { objectId: 'boss', groups: [operators] });
    expect(visuals.find(({ visual }) => visual === 'patientTable')?.rows).toMatchObject([
      { Patient: 'Ada, 1', Risk: 'high' },
      { Patient: 'Bea, 1', Risk: 'low' },
    ]);
    await expect(fabric.draw(reportId, { objectId: 'stranger' })).rejects.toThrow('There is no semantic model');
    expect([...readers]).toEqual([`Care risk of St Mary ${identity.clientId}`]);
  });

  test('who may change the model can look as a role, and nobody else', async () => {
    const { fabric } = seenThrough(rows);
    const look = (viewer: Viewer) => fabric.query(made.semanticModelId, 'patient', viewer);
    expect(await look({ objectId: deployer.objectId })).toHaveLength(2);
    expect(await look({ objectId: deployer.objectId, asRole: 'Care team' })).toEqual([]);
    await expect(look({ ...nurse, asRole: 'Whole hospital' })).rejects.toThrow('Only those who may change');
  });

  test('is nothing before the model is bound', async () => {
    await unbind();
    const { fabric } = seenThrough(rows);
    const draw = () => fabric.draw(made.reportId, { objectId: deployer.objectId });
    await expect(draw()).rejects.toThrow("The semantic model 'CareRisk' is bound to no connection");
  });
});

describe('what Fabric refuses', () => {
  const parts = readDashboardSource();
  const bim = parts.model['model.bim'] ?? '';
  const encoded = (texts: Readonly<Record<string, string>>) => ({
    parts: Object.entries(texts).map(([path, text]) => ({
      ...{ path, payload: Buffer.from(text).toString('base64'), payloadType: 'InlineBase64' },
    })),
  });

  test.each([
    ['a model without its settings', 'semanticModels', { 'model.bim': '{}' }, 'The part definition.pbism is missing.'],
    ['a model that is no JSON', 'semanticModels', { ...parts.model, 'model.bim': '{' }, 'model.bim is no JSON.'],
    [
      'a model with a formula on a column that is none',
      'semanticModels',
      { ...parts.model, 'model.bim': bim.replace("'patient'[flagLevel]", "'patient'[flag]") },
      "[Flagged] uses the column 'patient'[flag], which is none.",
    ],
    ['a report that names its model by a path', 'reports', parts.report, 'byPath is not taken.'],
    [
      'an item whose .platform is of another type',
      'semanticModels',
      { ...parts.model, '.platform': parts.report['.platform'] ?? '' },
      ".platform is of the type 'Report', and the item is a SemanticModel.",
    ],
  ])('%s', async (_, collection, texts, reason) => {
    const body = { displayName: 'Another', definition: encoded(texts) };
    expect(await api.operation(inWorkspace(`/${collection}`), body)).toMatchObject({
      status: 'Failed',
      error: { errorCode: 'CorruptedPayload', message: expect.stringContaining(reason) },
    });
  });

  test('a stranger, a lesser role, a binding by others, and a token for something else', async () => {
    const stranger = new FabricClient(hospital.cloud, judge);
    expect(await stranger.status('GET', inWorkspace())).toBe(404);
    expect(await stranger.get('/capacities')).toEqual({ value: [] });
    const principal = { id: judge.objectId, type: 'ServicePrincipal' };
    await api.post(inWorkspace('/roleAssignments'), { principal, role: 'Contributor' });
    const unbound = { connectionBinding: { connectivityType: 'None' } };
    expect(await stranger.status('POST', inModel('/bindConnection'), unbound)).toBe(403);
    expect(await stranger.status('PATCH', inWorkspace(), { displayName: 'Mine' })).toBe(403);
    const elsewhere = new FabricClient(hospital.cloud, deployer, 'https://storage.azure.com');
    expect(await elsewhere.status('GET', '/capacities')).toBe(401);
  });

  test('a deployer who does not administer the capacity, and says so', async () => {
    const other = await hospital.stack('elsewhere');
    const lost = { capacityMembers: [engineers], workspaceName: 'Lost', group: 'lost' };
    expect(await other.refusal(program(lost), 'up')).toContain(
      'Fabric shows no capacity "fclost" to the deployer; make the deployer one of its administrators',
    );
  });
});

test('by hand, the dashboard is files and an ordered list of steps', async () => {
  const other = await hospital.stack('by-hand');
  const artefactsFolder = hospital.temporaryFolder('files');
  const vary = { byHand: true, artefactsFolder, isServerPrivate: true, group: 'hand' };
  const { outputs } = await other.up(program(vary));
  const steps = outputs.manualSteps?.value as string[];
  const order = [
    ...['tenant settings', 'automatic page refresh', 'virtual network data gateway', 'Make the workspace'],
    ...['the role Admin', 'the role Viewer', 'Make a connection', 'Put CareRisk.SemanticModel'],
    ...['choose that connection', 'to the role "Care team"', 'to the role "Whole hospital"'],
  ];
  expect(order.map((text) => steps.findIndex((step) => step.includes(text)))).toEqual(steps.map((_, n) => n));
  const file = (path: string) => readFileSync(join(artefactsFolder, 'powerbi', path), 'utf8');
  expect(file('CareRisk.SemanticModel/model.bim')).toContain('\\"localhost,14330\\"');
  expect(file('CareRisk.Report/definition.pbir')).toContain('byPath');
  expect(await other.preview(program(vary))).toEqual([]);
});

test('taken away, it leaves nothing', async () => {
  await stack.destroy();
  expect(await api.get('/workspaces')).toEqual({ value: [] });
  expect(await api.get('/connections')).toEqual({ value: [] });
});
