import type { Insertable, Selectable } from 'kysely';
import { type AuditEntry, audit } from './audit';
import { chunks } from './chunks';
import type { RepositoryDatabase } from './connection';
import { reportFeed } from './feeds';
import type { RoutedPatient, RoutingSnapshot } from './port';
import { replaceMembers } from './routingMembers';
import type { PatientRow, RouteRow } from './schema';

/**
 * All in one transaction, which begins with the hospital's row in `care.feed`: of two that write at once the second waits there,
 * and goes away if the first was newer. Rows that `endMonitoring` or a later snapshot wrote stay.
 */
export async function writeRouting(db: RepositoryDatabase, snapshot: RoutingSnapshot): Promise<boolean> {
  const { hospital, asOf: until, patients } = snapshot;
  return db.transaction().execute(async (transaction) => {
    if (!(await reportFeed(transaction, { feed: 'routing', source: hospital, until }))) return false;
    const asOf = new Date(until);
    const routes = await routesOf(transaction, hospital, patients);
    await writePatients(transaction, patients, asOf);
    await writeRoutes(transaction, snapshot, routes);
    await endMissing(transaction, snapshot, routes);
    await replaceMembers(transaction, snapshot);
    return true;
  });
}

type Stored = Selectable<RouteRow>;

/** Of the hospital, and of these patients wherever they were routed before. */
async function routesOf(
  db: RepositoryDatabase,
  hospital: string,
  patients: readonly RoutedPatient[],
): Promise<ReadonlyMap<string, Stored>> {
  const ofHospital = await db
    .selectFrom('care.route')
    .selectAll()
    .where('hospital', '=', hospital)
    .where('endedAt', 'is', null)
    .execute();
  const routes = new Map(ofHospital.map((route) => [route.patient, route]));
  const others = patients.map(({ patient }) => patient).filter((patient) => !routes.has(patient));
  for (const some of chunks(others, 1)) {
    const rows = await db.selectFrom('care.route').selectAll().where('patient', 'in', some).execute();
    for (const route of rows) routes.set(route.patient, route);
  }
  return routes;
}

const patientColumns = [
  'displayName',
  'birthDate',
  'recordNumber',
  'ward',
  'wardName',
  'monitored',
] as const satisfies readonly (keyof PatientRow)[];

async function writePatients(db: RepositoryDatabase, patients: readonly RoutedPatient[], asOf: Date): Promise<void> {
  const stored = new Map<string, Selectable<PatientRow>>();
  for (const some of chunks(patients, 1)) {
    const rows = await db
      .selectFrom('care.patient')
      .selectAll()
      .where(
        'patient',
        'in',
        some.map(({ patient }) => patient),
      )
      .execute();
    for (const row of rows) stored.set(row.patient, row);
  }
  const rows = patients.map((patient) => patientRow(patient, asOf));
  const unknown = rows.filter(({ patient }) => !stored.has(patient));
  for (const some of chunks(unknown, patientColumns.length + 2))
    await db.insertInto('care.patient').values(some).execute();
  const known = rows.filter(({ patient }) => stored.has(patient));
  const isSame = (row: Insertable<PatientRow>) =>
    patientColumns.every((column) => row[column] === stored.get(row.patient)?.[column]);
  for (const some of chunks(known.filter(isSame), 1)) await confirmPatients(db, some, asOf);
  for (const { patient, ...row } of known.filter((one) => !isSame(one)))
    await db
      .updateTable('care.patient')
      .set(row)
      .where('patient', '=', patient)
      .where('asOf', '<', asOf)
      .executeTakeFirst();
}

/** Nothing is new with these but the time. */
async function confirmPatients(
  db: RepositoryDatabase,
  rows: readonly Insertable<PatientRow>[],
  asOf: Date,
): Promise<void> {
  await db
    .updateTable('care.patient')
    .set({ asOf })
    .where(
      'patient',
      'in',
      rows.map(({ patient }) => patient),
    )
    .where('asOf', '<', asOf)
    .executeTakeFirst();
}

function patientRow(routed: RoutedPatient, asOf: Date): Insertable<PatientRow> {
  const { patient, displayName, birthDate, recordNumber, ward, wardName, monitored } = routed;
  return { patient, displayName, birthDate, recordNumber, ward, wardName, monitored, asOf };
}

async function writeRoutes(
  db: RepositoryDatabase,
  { hospital, asOf: until, patients }: RoutingSnapshot,
  routes: ReadonlyMap<string, Stored>,
): Promise<void> {
  const asOf = new Date(until);
  const entries: AuditEntry[] = [];
  const begun: Insertable<RouteRow>[] = [];
  const same: string[] = [];
  for (const { patient, careTeam, careTeamName, source, monitored } of patients) {
    const old = routes.get(patient);
    if (old !== undefined && old.asOf >= asOf) continue;
    const ended = monitored ? null : (old?.endedAt ?? asOf);
    const row = { patient, hospital, careTeam, careTeamName, source, asOf, endedAt: ended };
    if (old === undefined && !monitored) continue;
    if (old !== undefined && isSameRoute(old, row)) same.push(patient);
    else if (old === undefined) begun.push(row);
    else await replaceRoute(db, row);
    const entry = entryOf(old, row);
    if (entry !== undefined) entries.push(entry);
  }
  for (const some of chunks(begun, 7)) await db.insertInto('care.route').values(some).execute();
  for (const some of chunks(same, 1))
    await db
      .updateTable('care.route')
      .set({ asOf })
      .where('patient', 'in', some)
      .where('asOf', '<', asOf)
      .executeTakeFirst();
  await audit(db, entries);
}

type NewRoute = Insertable<RouteRow>;

async function replaceRoute(db: RepositoryDatabase, { patient, ...row }: NewRoute): Promise<void> {
  await db
    .updateTable('care.route')
    .set(row)
    .where('patient', '=', patient)
    .where('asOf', '<', row.asOf)
    .executeTakeFirst();
}

function isSameRoute(old: Stored, row: NewRoute): boolean {
  return (
    old.hospital === row.hospital &&
    old.careTeam === row.careTeam &&
    old.careTeamName === row.careTeamName &&
    old.source === row.source &&
    old.endedAt?.getTime() === row.endedAt?.getTime()
  );
}

function entryOf(old: Stored | undefined, row: NewRoute): AuditEntry | undefined {
  const { patient, careTeam, source, endedAt } = row;
  if (endedAt !== null)
    return old?.endedAt === null
      ? { action: 'route.ended', patient, detail: { reason: 'notMonitored', careTeam: old.careTeam } }
      : undefined;
  const isNew = old === undefined || old.endedAt !== null || old.careTeam !== careTeam || old.source !== source;
  return isNew
    ? { action: 'route.changed', patient, detail: { from: old?.careTeam ?? null, to: careTeam, source } }
    : undefined;
}

/** Who was routed in this hospital, and is not in what FHIR says now. */
async function endMissing(
  db: RepositoryDatabase,
  { hospital, asOf: until, patients }: RoutingSnapshot,
  routes: ReadonlyMap<string, Stored>,
): Promise<void> {
  const asOf = new Date(until);
  const present = new Set(patients.map(({ patient }) => patient));
  const missing = [...routes.values()].filter(
    (one) => one.hospital === hospital && one.endedAt === null && one.asOf < asOf && !present.has(one.patient),
  );
  for (const some of chunks(missing, 1)) {
    const ids = some.map(({ patient }) => patient);
    await db
      .updateTable('care.route')
      .set({ endedAt: asOf, asOf })
      .where('patient', 'in', ids)
      .where('endedAt', 'is', null)
      .where('asOf', '<', asOf)
      .executeTakeFirst();
    await db
      .updateTable('care.patient')
      .set({ monitored: false, asOf })
      .where('patient', 'in', ids)
      .where('asOf', '<', asOf)
      .executeTakeFirst();
    await audit(
      db,
      some.map(({ patient, careTeam }) => ({
        action: 'route.ended',
        patient,
        detail: { reason: 'notMonitored', careTeam },
      })),
    );
  }
}
