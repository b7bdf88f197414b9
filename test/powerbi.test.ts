import { evaluateDax, withCalculated } from '../local/fabric/dax/evaluate';
import { allRows, type Row } from '../local/fabric/dax/rows';
import { modelProblems, queryProblems } from '../local/fabric/lint';
import { type Asker, answerQuery, rowsFor } from '../local/fabric/semanticQuery';
import { readTables, SqlViewReader } from '../local/fabric/viewReader';
import { readModel, type SemanticModel } from '../runtime/powerbi/model';
import { type DashboardQuery, dashboardQueries } from '../runtime/powerbi/queries';
import { deployedModel, deployedReport, type ItemParts, readDashboardSource } from '../runtime/powerbi/source';
import type { RoutingSnapshot } from '../runtime/repository/port';
import { repositoryIn } from '../runtime/repository/repository';
import { dashboardPatient, dashboardTables } from './support/dashboardRows';
import { fabricSchemaTest, schemaProblems } from './support/fabricSchemas';
import { RepositoryHost, RepositoryStep } from './support/repositoryHost';
import { clockMark, noon, scoredWindow } from './support/repositoryWindows';
import { viewColumns } from './support/viewColumns';

/** The dashboard of step 15 in source form: semantic model and report of Power BI. */
const source = readDashboardSource();
const deployed = {
  model: deployedModel(source.model, 'CareRisk', {
    serverName: 'sql-stmary.database.windows.net',
    databaseName: 'repository',
    hospitalId: 'stmary',
  }),
  report: deployedReport(source.report, 'CareRisk', {
    semanticModelId: '11111111-1111-4111-8111-111111111111',
    pageRefreshSeconds: 60,
  }),
};
const model = readModel(deployed.model);
const queries = dashboardQueries(source.report);

const withSchema = (parts: ItemParts) => Object.entries(parts).filter(([path]) => path !== 'model.bim');

describe("the files are valid by Microsoft's schemas", () => {
  fabricSchemaTest('in source form, and as they are deployed', () => {
    const files = [source.model, source.report, deployed.model, deployed.report].flatMap(withSchema);
    expect(files.length).toBeGreaterThan(60);
    expect(files.flatMap(([path, text]) => schemaProblems(text).map((problem) => `${path}: ${problem}`))).toEqual([]);
  });

  fabricSchemaTest('which see what is wrong in a visual', () => {
    const [, text = ''] =
      Object.entries(source.report).find(([path]) => path.endsWith('patientTable/visual.json')) ?? [];
    expect(schemaProblems(text.replace('"direction": "Ascending"', '"direction": "Up"'))).not.toEqual([]);
    expect(schemaProblems(text.replace('"projections"', '"projektions"'))).not.toEqual([]);
  });
});

describe('the semantic model', () => {
  test("has the columns of the repository's views, each with its type, and no others", () => {
    const types: Record<string, string> = { string: 'string', number: 'int64', boolean: 'boolean', Date: 'dateTime' };
    for (const { source: from, columns } of model.tables) {
      const view = viewColumns(`${from.schema}.${from.view}`);
      const read = columns.flatMap(({ sourceColumn, dataType }) => (sourceColumn ? [[sourceColumn, dataType]] : []));
      expect(Object.fromEntries(read)).toEqual(
        Object.fromEntries(Object.entries(view).map(([column, type]) => [column, types[type]])),
      );
    }
    expect(model.tables.map(({ source: { view } }) => view).sort()).toEqual(
      ['episode', 'feed', 'patient', 'teamMember', 'trend'].sort(),
    );
  });

  test('holds together: formulas, relationships, roles; and every visual asks for what it has', () => {
    expect(modelProblems(model)).toEqual([]);
    expect(queryProblems(model, queries)).toEqual([]);
  });

  const changed = (change: (file: SemanticModel) => SemanticModel) => modelProblems(change(structuredClone(model)));

  test.each<[string, (file: SemanticModel) => SemanticModel, string]>([
    [
      'a table of patients that no filter of a role reaches',
      (m) => ({ ...m, relationships: m.relationships.filter(({ name }) => name !== 'trendOfPatients') }),
      "The role Care team filters 'trend' by nothing, and it has rows of patients.",
    ],
    [
      'a filter of a role on a column that is none',
      (m) => ({ ...m, roles: [{ name: 'Care team', filters: { teamMember: "'teamMember'[user] = USEROBJECTID()" } }] }),
      "The filter of teamMember in the role Care team uses the column 'teamMember'[user], which is none.",
    ],
    [
      'a relationship that ends nowhere',
      (m) => ({ ...m, relationships: m.relationships.map((r) => ({ ...r, toColumn: 'id' })) }),
      "The relationship trendOfPatients ends at 'patient'[id], which is none.",
    ],
    [
      'a measure on a measure that is none',
      (m) => ({
        ...m,
        tables: m.tables.map((t) => ({
          ...t,
          measures: t.measures.filter(({ name }) => name !== 'FHIR behind in seconds'),
        })),
      }),
      '[FHIR] uses the measure [FHIR behind in seconds], which is none.',
    ],
    [
      'DAX that is none',
      (m) => ({
        ...m,
        tables: m.tables.map((t) => ({ ...t, measures: [{ name: t.name, expression: 'COUNTROWS(' }] })),
      }),
      "[patient]: DAX is not understood at 'the end'.",
    ],
  ])('is not said to hold together with %s', (_, change, problem) => {
    expect(changed(change)).toContain(problem);
  });

  test("keeps members of its roles over a deployment: each role has an id of Power BI's", () => {
    const { roles } = (JSON.parse(source.model['model.bim'] ?? '') as { model: { roles: { annotations: object[] }[] } })
      .model;
    for (const { annotations } of roles) {
      expect(annotations).toEqual([{ name: 'PBI_Id', value: expect.stringMatching(/^[0-9a-f]{32}$/) }]);
    }
  });

  test('is deployed with its parameters as text, whatever they hold', () => {
    const odd = { serverName: 'localhost,14330', databaseName: 'a"b', hospitalId: '$&' };
    const { parameters } = readModel(deployedModel(source.model, 'CareRisk', odd));
    expect(parameters).toEqual({ ServerName: 'localhost,14330', DatabaseName: 'a"b', HospitalId: '$&' });
  });
});

describe('the report', () => {
  test('refreshes every page by itself', () => {
    const pages = Object.entries(deployed.report).filter(([path]) => path.endsWith('/page.json'));
    expect(pages.length).toBe(4);
    for (const [, text] of pages) {
      const { objects } = JSON.parse(text) as { objects: { pageRefresh: { properties: object }[] } };
      expect(objects.pageRefresh[0]?.properties).toEqual({
        show: { expr: { Literal: { Value: 'true' } } },
        duration: { expr: { Literal: { Value: "'PT60S'" } } },
      });
    }
  });

  test('fits its pages, and no visual covers another', () => {
    const placed = Object.entries(source.report).filter(([path]) => path.endsWith('/visual.json'));
    const boxes = placed.map(([path, text]) => ({
      page: path.split('/')[2],
      name: path.split('/')[4],
      ...(JSON.parse(text) as { position: { x: number; y: number; width: number; height: number } }).position,
    }));
    for (const one of boxes) {
      expect([one.x >= 0, one.y >= 0, one.x + one.width <= 1280, one.y + one.height <= 720]).not.toContain(false);
      const covered = boxes.filter(
        (other) =>
          other !== one &&
          other.page === one.page &&
          one.x < other.x + other.width &&
          other.x < one.x + one.width &&
          one.y < other.y + other.height &&
          other.y < one.y + one.height,
      );
      expect(covered.map(({ name }) => `${one.name} and ${name}`)).toEqual([]);
    }
  });

  test('reads its model by id when it is deployed, as the API asks', () => {
    expect(JSON.parse(deployed.report['definition.pbir'] ?? '')).toMatchObject({
      datasetReference: { byConnection: { connectionString: 'semanticmodelid=11111111-1111-4111-8111-111111111111' } },
    });
    expect(source.report['definition.pbir']).toContain('"../CareRisk.SemanticModel"');
  });

  test('lists its questions, visual by visual', () => {
    expect([...new Set(queries.map(({ page }) => page))]).toEqual(['risk', 'trend', 'flags', 'data']);
    const table = queries.find(({ visual }) => visual === 'patientTable');
    expect(table?.order[0]).toEqual({ kind: 'column', table: 'patient', name: 'riskOrder', direction: 'Ascending' });
    expect(queries.find(({ visual }) => visual === 'standingTable')?.filters).toEqual([
      { table: 'episode', column: 'endedAt', isNot: false, value: null },
    ]);
    expect(queries.find(({ visual }) => visual === 'endedTable')?.filters).toMatchObject([
      { isNot: true, value: null },
    ]);
  });
});

describe('what the dashboard says', () => {
  const column = (name: string, over: Partial<Row>) => {
    const patient = model.tables.find((table) => table.name === 'patient');
    if (!patient) throw new Error('no table');
    return withCalculated(patient, [dashboardPatient(over)], model)[0]?.[name];
  };

  test('what is missing is not low', () => {
    expect(column('risk', { band: 'low', complete: true })).toBe('low');
    expect(column('risk', { band: 'low', complete: false, missing: 'temp' })).toBe('low or more');
    expect(column('risk', { band: 'high', complete: false, missing: 'temp' })).toBe('high');
    expect(column('risk', { band: null, windowEnd: null, complete: false })).toBe('not scored');
    expect(column('risk', { band: null, notApplicable: 'underSixteen', complete: false })).toBe('score does not apply');
    expect(column('score', { total: null, floorTotal: 5 })).toBe('at least 5');
    expect(column('score', { total: 7, floorTotal: 7 })).toBe('7');
    expect(column('score', { total: null, floorTotal: null })).toBe('');
  });

  test('what is stale is not current', () => {
    expect(column('currentRisk', { band: 'low', dataState: 'stale' })).toBe('stale');
    expect(column('currentRisk', { band: 'high', dataState: 'no data' })).toBe('no data');
    expect(column('currentRisk', { band: 'high', dataState: 'current' })).toBe('high');
  });

  const measure = (name: string, tables: ReadonlyMap<string, readonly Row[]>) => {
    const formula = model.tables.flatMap(({ measures }) => measures).find((one) => one.name === name)?.expression ?? '';
    return evaluateDax(formula, { model, visible: allRows(tables), user: '' });
  };
  const feeds = (...feeds: [feed: string, ageSeconds: number, behindSeconds: number][]) =>
    dashboardTables(model, {
      feed: feeds.map(([feed, ageSeconds, behindSeconds]) => ({ feed, ageSeconds, behindSeconds, until: new Date(0) })),
    });

  test('FHIR is behind when it is behind the repository', () => {
    expect(measure('FHIR', feeds(['repository', 480, 0], ['fhir', 780, 0]))).toBe('FHIR is up to date');
    expect(measure('FHIR', feeds(['repository', 480, 0], ['fhir', 780, 300]))).toBe('FHIR is behind by 5 min');
    expect(measure('FHIR', feeds(['repository', 480, 0]))).toBe('FHIR has not reported yet');
    expect(measure('FHIR', feeds(['fhir', 480, 0]))).toBe('the repository has not reported yet');
    expect(measure('Feeds behind', feeds(['repository', 901, 0], ['fhir', 899, 0]))).toBe(1);
  });

  const ward = dashboardTables(model, {
    patient: [
      dashboardPatient({
        patient: 'a',
        band: 'high',
        riskOrder: 0,
        floorTotal: 9,
        flagLevel: 'high',
        displayName: 'Ada',
      }),
      dashboardPatient({
        patient: 'b',
        band: 'high',
        riskOrder: 0,
        floorTotal: 8,
        dataState: 'stale',
        displayName: 'Bea',
      }),
      dashboardPatient({ patient: 'c', band: 'low', riskOrder: 3, displayName: 'Cid', careTeam: 'icu' }),
    ],
    teamMember: [{ careTeam: 'icu', hospital: 'stmary', objectId: 'nurse' }],
    episode: [
      {
        patient: 'a',
        hospital: 'stmary',
        careTeam: 'ward',
        kind: 'deterioration',
        level: 'high',
        raisedAt: new Date(2),
        endedAt: null,
        endReason: null,
      },
      {
        patient: 'c',
        hospital: 'stmary',
        careTeam: 'icu',
        kind: 'deterioration',
        level: 'medium',
        raisedAt: new Date(1),
        endedAt: new Date(3),
        endReason: 'improved',
      },
    ],
  });
  const ask = (visual: string, roles?: string[]) => {
    const query = queries.find((one) => one.visual === visual) as DashboardQuery;
    return answerQuery(model, rowsFor(model, ward, { objectId: 'nurse', roles }), 'nurse', query);
  };

  test('counts, groups and sorts as its visuals ask', () => {
    expect(ask('patients')).toEqual([{ Patients: 3 }]);
    expect(ask('highRisk')).toEqual([{ 'At high risk': 1 }]);
    expect(ask('byRisk')).toEqual([
      { Risk: 'high', Patients: 1, 'Risk order': 0 },
      { Risk: 'stale', Patients: 1, 'Risk order': 0 },
      { Risk: 'low', Patients: 1, 'Risk order': 3 },
    ]);
    expect(ask('patientTable').map(({ Patient }) => Patient)).toEqual(['Ada, 1', 'Bea, 1', 'Cid, 1']);
    expect(ask('standingTable')).toMatchObject([{ Patient: 'Ada, 1', Level: 'high' }]);
    expect(ask('endedTable')).toMatchObject([{ Patient: 'Cid, 1', Why: 'improved' }]);
  });

  test("a member of a care team sees that team's patients alone, in every visual", () => {
    expect(ask('patients', ['Care team'])).toEqual([{ Patients: 1 }]);
    expect(ask('patientTable', ['Care team'])).toMatchObject([{ Patient: 'Cid, 1' }]);
    expect(ask('standingTable', ['Care team'])).toEqual([]);
    expect(ask('endedTable', ['Care team'])).toMatchObject([{ Patient: 'Cid, 1' }]);
    expect(ask('patients', ['Whole hospital'])).toEqual([{ Patients: 3 }]);
    expect(ask('patients', ['Care team', 'Whole hospital'])).toEqual([{ Patients: 3 }]);
    expect(ask('patients', [])).toEqual([{ Patients: 0 }]);
  });

  test('refuses formulas whose meaning it would change', () => {
    const context = { model, visible: allRows(ward), user: '', grouped: new Set(["'patient'[band]"]) };
    const formula = `CALCULATE(COUNTROWS('patient'), 'patient'[band] = "high")`;
    expect(() => evaluateDax(formula, context)).toThrow(
      "DAX: CALCULATE filters 'patient'[band], by which the visual groups.",
    );
    expect(() => evaluateDax("'patient'[band]", context)).toThrow(
      "DAX: 'patient'[band] has no row here; aggregate it.",
    );
    expect(() => evaluateDax("LOOKUPVALUE('patient'[band])", context)).toThrow('DAX: the function LOOKUPVALUE is not');
  });
});

describe('read from the repository, over the protocol of SQL Server', () => {
  let host: RepositoryHost;
  let reader: SqlViewReader;
  let read: SemanticModel;

  beforeAll(async () => {
    host = await RepositoryHost.migrated();
    const { authority } = host.sql.context;
    reader = new SqlViewReader(async (principal, audience) => {
      return { token: authority.token(principal, audience), expiresOn: Date.now() / 1000 + 3600 };
    });
    const place = { serverName: `localhost,${host.sql.port}`, databaseName: 'care', hospitalId: 'h' };
    read = readModel(deployedModel(source.model, 'CareRisk', place));
    // p of one team, q of another; r has not been routed yet; s is in another hospital.
    const high = scoredWindow({ total: 8, level: 'high' });
    const quiet = ['q', 'r', 's'].map((patient) => scoredWindow({ patient }));
    await RepositoryStep.on(host).handle([high, ...quiet, clockMark('0', 1, noon)]);
    const routing = repositoryIn(host.as('routingWriter'));
    await routing.writeRouting(routed('h', { p: 'icu', q: 'ward' }));
    await routing.writeRouting(routed('other', { s: 'icu' }));
  });

  afterAll(async () => {
    await reader.close();
    await host.close();
  });

  const seenBy = async (asker: Asker) => {
    const { rows } = rowsFor(read, await readTables(read, reader, host.principal('dashboardReader')), asker);
    return Object.fromEntries([...rows].map(([table, all]) => [table, all.map((row) => row.patient ?? row.feed)]));
  };

  test('it has the types that the model says', async () => {
    const tables = await readTables(read, reader, host.principal('dashboardReader'));
    const kinds: Record<string, string> = { string: 'string', int64: 'number', boolean: 'boolean', dateTime: 'Date' };
    for (const { name, columns } of read.tables) {
      for (const { name: column, dataType } of columns) {
        const values = (tables.get(name) ?? []).map((row) => row[column]).filter((value) => value !== null);
        const found = new Set(values.map((value) => (value instanceof Date ? 'Date' : typeof value)));
        expect([column, ...found]).toEqual([column, ...(found.size > 0 ? [kinds[dataType]] : [])]);
      }
    }
    expect(tables.get('patient')).toHaveLength(3);
  });

  test("a member sees her team's patients, the hospital's operators also who is not routed yet, and no other hospital's", async () => {
    expect(await seenBy({ objectId: member('icu'), roles: ['Care team'] })).toMatchObject({
      ...{ patient: ['p'], trend: ['p'], episode: ['p'] },
    });
    const whole = await seenBy({ objectId: 'operator', roles: ['Whole hospital'] });
    expect(whole.patient?.sort()).toEqual(['p', 'q', 'r']);
    expect(whole.trend?.sort()).toEqual(['p', 'q', 'r']);
    expect(whole.feed?.sort()).toEqual(['repository', 'routing']);
  });

  test('nobody reads who is not a user of the database, and a reader nothing but the views', async () => {
    const stranger = host.sql.context.authority.principal('id-stranger');
    await expect(readTables(read, reader, stranger)).rejects.toThrow();
    const patients = { server: `localhost,${host.sql.port}`, database: 'care', schema: 'care', view: 'patient' };
    await expect(reader.read(patients, ['patient'], host.principal('dashboardReader'))).rejects.toThrow(/permission/i);
  });
});

function member(careTeam: string): string {
  return careTeam === 'icu' ? 'a0000000-0000-4000-8000-00000000000a' : 'a0000000-0000-4000-8000-00000000000b';
}

function routed(hospital: string, teams: Readonly<Record<string, string>>): RoutingSnapshot {
  return {
    ...{ hospital, asOf: noon },
    patients: Object.entries(teams).map(([patient, careTeam]) => ({
      ...{
        patient,
        careTeam,
        careTeamName: careTeam,
        displayName: `Pat ${patient}`,
        birthDate: '1950',
        recordNumber: '7',
      },
      ...{ ward: 'w', wardName: 'Ward', monitored: true, source: 'careTeam' as const },
    })),
    members: [...new Set(Object.values(teams))].map((careTeam) => ({
      careTeam,
      objectId: member(careTeam),
      role: null,
    })),
  };
}
