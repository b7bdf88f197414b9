import { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import { Server } from '@pulumi/azure-native/sql/server';
import { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { HotPath, type HotPathArgs } from '../components';
import { commonSettingsOf } from '../components/hospital/parts';
import type { Principal } from '../local/contracts';
import { healthRecord, judge, localTenantId } from '../local/identity/principals';
import { hospitalProgram, localConfig } from '../local/localStack';
import type { PreviewStep, PulumiStack } from '../local/pulumiStack';
import { until } from './support/deviceFleet';
import type { EngineStack, StateResource } from './support/engineStack';
import { HospitalCloud } from './support/hospitalCloud';
import { scored } from './support/hotPathStep';
import { KernelPatient, normalCharted, normalDevice } from './support/kernelPatient';
import { scoringPlatform } from './support/scoringPlatform';

// Each step of the engine takes a while on a busy machine.
jest.setTimeout(600_000);

/** How the hot path is deployed and changed: the program that `npm start` runs, by the `pulumi` command. */
let hospital: HospitalCloud;

beforeAll(async () => {
  hospital = await HospitalCloud.start();
});

afterAll(() => hospital?.close());

const nameOf = ({ urn }: { readonly urn: string }) => urn.split('::').at(-1) ?? '';

/** Of one hospital, by its apps: which functions run. */
function running(front: string): string[] {
  return hospital.cloud.functionApps
    .health()
    .filter(({ name }) => name.startsWith(`func-${front}-`))
    .flatMap(({ functions }) => functions)
    .filter(({ state }) => state === 'running')
    .map(({ name }) => name)
    .sort();
}

const hotFunctions = ['migrate', 'mlOutputFhir', 'mlOutputRepository', 'routeCareTeams'];

/** Rows of the repository, as whoever proves a run reads them. */
function rows(sql: string): Record<string, unknown>[] {
  const [database = ''] = hospital.cloud.sqlServers.databaseIds().filter((id) => !id.endsWith('/master'));
  return hospital.cloud.sqlServers.read(database, sql);
}

describe('in a hospital', () => {
  let stack: PulumiStack;
  let config: Record<string, unknown>;

  beforeAll(async () => {
    const { cloud } = hospital;
    stack = cloud.stack('local', hospitalProgram);
    config = { ...(await localConfig(cloud, 0)), 'hospital:hotPathEnabled': false };
    await stack.configure(config);
    await stack.up();
  });

  /** The stack's configuration with the hot path set otherwise, put back after `run`. */
  async function withHotPath<T>(hotPath: Record<string, unknown>, run: () => Promise<T>): Promise<T> {
    const all = { ...(config['hospital:hotPath'] as object), ...hotPath };
    await stack.configure({ ...config, 'hospital:hotPath': all });
    return run().finally(() => stack.configure(config));
  }

  async function refusal(): Promise<string> {
    const { code, stdout, stderr } = await stack.run(['preview', ...stack.stackArgs()]);
    expect(code).not.toBe(0);
    return stdout + stderr;
  }

  const said = ({ op, urn, detailedDiff }: PreviewStep) =>
    `${op} ${nameOf({ urn })}: ${Object.keys(detailedDiff ?? {}).join(', ')}`;

  test('the hot path that is switched on is added, and leaves all before it as it is', async () => {
    config = { ...config, 'hospital:hotPathEnabled': true };
    await stack.configure(config);
    const { steps } = await stack.preview();
    const others = steps.filter(({ op, urn }) => op !== 'create' || !nameOf({ urn }).startsWith('hospital-hot'));
    expect(others.map(said)).toEqual([]);
    await stack.up();
    await until('its functions run', () => hotFunctions.every((name) => running('local').includes(name)));
  });

  test('a preview of nothing shows nothing, also when it refreshes first', async () => {
    expect(await stack.preview()).toEqual({ changes: {}, steps: [] });
    expect((await stack.preview('--refresh')).changes).toEqual({});
  });

  test('its migrator, who is the administrator, makes schema and users in the one deployment', async () => {
    await until('the schema is there', () => {
      try {
        return rows('SELECT COUNT(*) AS count FROM "care.scoredWindow"').length === 1;
      } catch {
        return false;
      }
    });
    const { manualSteps } = await stack.outputs();
    expect(manualSteps).toEqual([
      expect.stringMatching(/^Nobody but the app repository-migrations administers/),
      expect.stringMatching(/^In the Fabric admin portal/),
      expect.stringMatching(/^In the settings of the capacity/),
    ]);
  });

  test('whom it names may post results, into FHIR and the repository, by the address that it says', async () => {
    const httpTrigger = { audience: 'api://iomt-scores', allowedClientIds: [healthRecord.clientId] };
    config = { ...config, 'hospital:hotPath': { ...(config['hospital:hotPath'] as object), httpTrigger } };
    await stack.configure(config);
    await stack.up();
    expect((await stack.preview('--refresh')).changes).toEqual({});
    await until('it listens', () => running('local').includes('mlOutputHttp'));
    const { httpTriggerUrl, fhirServiceId } = (await stack.outputs()) as Record<string, string>;
    const post = async (body: unknown, caller?: Principal, others: RequestInit = {}) => {
      const bearer = caller && (await hospital.cloud.credential(caller).getToken(httpTrigger.audience))?.token;
      const headers = bearer === undefined ? undefined : { authorization: `Bearer ${bearer}` };
      return fetch(String(httpTriggerUrl), { method: 'POST', body: JSON.stringify(body), headers, ...others });
    };
    const statusOf = async (...args: Parameters<typeof post>) => (await post(...args)).status;
    const window = scored(new KernelPatient().result({ device: normalDevice, charted: normalCharted }));

    expect(await statusOf(window)).toBe(401);
    expect(await statusOf(window, judge)).toBe(403);
    expect(await statusOf({ ...window, patient: 'no id' }, healthRecord)).toBe(400);
    expect(await statusOf(undefined, healthRecord, { method: 'GET', body: undefined })).toBe(404);
    const { fhirServices, functionApps } = hospital.cloud;
    const assessments = () =>
      [...fhirServices.resources(String(fhirServiceId), 'RiskAssessment')].map((one) =>
        one.resourceType === 'RiskAssessment' ? one.subject?.reference : undefined,
      );
    const count = () => rows('SELECT COUNT(*) AS windows FROM "care.scoredWindow"');
    expect([assessments(), count()]).toEqual([[], [{ windows: 0 }]]);

    const faults = fhirServices.faults(String(fhirServiceId));
    faults.set({ requests: { status: 503 } });
    const answer = post(window, healthRecord);
    await until('it waits for FHIR', () =>
      functionApps
        .health()
        .flatMap(({ functions }) => functions)
        .some(({ name, held }) => name === 'mlOutputHttp' && held !== undefined),
    );
    faults.set({});
    const written = await answer;
    expect([written.status, await written.json()]).toEqual([200, { fhir: 1, repository: 1 }]);
    expect([assessments(), count()]).toEqual([[`Patient/${window.patient}`], [{ windows: 1 }]]);
  });

  test('a change shows as the settings and properties that it is', async () => {
    const changed = async (hotPath: Record<string, unknown>) =>
      (await withHotPath(hotPath, () => stack.preview())).steps.map(said).sort();
    expect(await changed({ latencyWarningMinutes: 12 })).toEqual([
      'update hospital-hot-latency-warning-alert: criteria.allOf[0].query, description',
      expect.stringMatching(/^update hospital-hot-ml-output-app: siteConfig\.appSettings\[\d+\]\.value$/),
    ]);
    expect(await changed({ repository: { capacity: 8 } })).toEqual(['update hospital-hot-sql-database: sku.capacity']);
  });

  test('another administrator is refused in the preview, since Azure takes one at creation', async () => {
    const administrator = { login: 'dba', objectId: '5a1a0000-0000-4000-8000-00000000000a' };
    const refused = await withHotPath({ repository: { administrator } }, refusal);
    expect(refused).toMatch(/administrators\.sid/);
  });

  test('the hot path that is switched off keeps server and database until both keys are turned', async () => {
    await stack.configure({ ...config, 'hospital:hotPathEnabled': false });
    const refused = await refusal().finally(() => stack.configure(config));
    expect(refused).toMatch(/hospital-hot-sql-(server|database)".*cannot be deleted.*protect/s);
  });
});

describe('on what a platform team has made in a stack of its own', () => {
  let platform: EngineStack;
  let stack: EngineStack;

  beforeAll(async () => {
    platform = await hospital.stack('platform');
    await platform.up(async () => made());
    stack = await hospital.stack('referring', 'platform');
    await stack.up(await program());
  });

  /** Scores, a FHIR service, a container for dead letters, and a server that somebody else administers. */
  function made() {
    const { resourceGroupName, existingFhirServiceId, existingNormalizedDataHubId } = scoringPlatform('platform');
    const namespaceName = existingNormalizedDataHubId.apply((id) => id.split('/').at(-3) ?? '');
    const place = { resourceGroupName, location: 'westeurope' };
    const scored = new EventHub('scored', {
      ...{ resourceGroupName, namespaceName, eventHubName: 'scored', partitionCount: 2 },
      retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: 24 },
    });
    const account = new StorageAccount('dead', {
      ...{ ...place, accountName: 'stplatformdead', kind: 'StorageV2', sku: { name: 'Standard_ZRS' } },
      allowSharedKeyAccess: false,
    });
    const container = new BlobContainer('letters', {
      ...{ resourceGroupName, accountName: account.name, containerName: 'dead-letters' },
    });
    const server = new Server('server', {
      ...{ ...place, serverName: 'sql-platform', minimalTlsVersion: '1.2' },
      administrators: {
        ...{ administratorType: 'ActiveDirectory', azureADOnlyAuthentication: true, principalType: 'Group' },
        ...{ login: 'platform', sid: '5a1a0000-0000-4000-8000-00000000000b', tenantId: localTenantId },
      },
    });
    return {
      ...{ resourceGroupName, existingFhirServiceId, existingScoredHubId: scored.id },
      ...{ existingDeadLetterContainerId: container.id, existingSqlServerId: server.id },
    };
  }

  async function program(others: Partial<HotPathArgs> = {}): Promise<() => Promise<object>> {
    const common = commonSettingsOf('hotPath', await hospital.args('referring'));
    return async () => {
      const outputs = new pulumi.StackReference('organization/controlplane/platform');
      const { manualSteps, sqlServerHost } = new HotPath('hot', {
        ...{ ...common, hospitalId: 'referring', resourceGroupName: outputs.requireOutput('resourceGroupName') },
        location: 'westeurope',
        existingScoredHubId: outputs.requireOutput('existingScoredHubId'),
        existingFhirServiceId: outputs.requireOutput('existingFhirServiceId'),
        existingDeadLetterContainerId: outputs.requireOutput('existingDeadLetterContainerId'),
        repository: { existingSqlServerId: outputs.requireOutput('existingSqlServerId') },
        ...others,
      });
      return { manualSteps, sqlServerHost };
    };
  }

  /** What a preview changes, by name. Reads of what exists are part of each preview, and change nothing. */
  async function changes(refresh = false): Promise<string[]> {
    const steps = await stack.preview(await program(), refresh);
    return steps.filter(({ op }) => op !== 'read').map(({ op, name }) => `${op} ${name}`);
  }

  test('runs on it, with a database of its own, and a preview changes nothing', async () => {
    await until('its functions run', () => running('referring').length === hotFunctions.length);
    const ids = (await stack.resources()).filter(({ type }) => type.endsWith(':Database')).map(({ id = '' }) => id);
    expect(ids).toEqual([expect.stringMatching(/\/servers\/sql-platform\/databases\/sqldb-referring-/)]);
    expect(await changes()).toEqual([]);
    expect(await changes(true)).toEqual([]);
  });

  test('is destroyed with both keys only, and what belongs to the platform stays in any case', async () => {
    const isData = ({ protect }: StateResource) => protect;
    expect((await stack.resources()).filter(isData).map(nameOf)).toEqual(['hot-sql-database']);
    expect(await stack.destroyRefusal()).toMatch(/cannot be deleted.*protected/s);
    await stack.config('azure-iomt:allowDataDeletion', 'true');
    await stack.up(await program({ allowDataDeletion: true }));
    await stack.destroy();
    expect(await stack.resources()).toEqual([]);
    expect(await platform.refresh()).toEqual({ same: expect.any(Number) });
  });
});
