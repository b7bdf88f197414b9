import { type CreateTableBuilder, type Expression, type Kysely, sql } from 'kysely';
import { bit, code, id, measured, now, risk, text, time } from '../types';

type Type = Expression<unknown>;

interface Table {
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, Type>>;
  readonly optional: Readonly<Record<string, Type>>;
  /** Whether the database notes when a row was written. */
  readonly writtenAt: boolean;
}

const int = sql`int`;

const scoredWindow: Table = {
  key: ['patient', 'horizon', 'windowStart'],
  columns: {
    ...{ patient: id, horizon: code(16), windowStart: time, windowEnd: time, hot: bit, revision: int, corrected: bit },
    ...{ method: code(100), complete: bit, missing: code(100), notApplicable: code(100), cautions: code(100) },
    ...{ carried: code(200), dataGap: code(200), scoredAt: time },
  },
  optional: {
    ...{ total: int, floorTotal: int, ceilingTotal: int, band: code(16) },
    ...{ respPoints: int, spo2Points: int, oxygenPoints: int, sbpPoints: int, pulsePoints: int },
    ...{ consciousnessPoints: int, tempPoints: int },
    ...{ respirationRate: measured, oxygenSaturation: measured, supplementalOxygen: measured },
    ...{ systolicBloodPressure: measured, heartRate: measured, consciousness: measured, temperature: measured },
    ...{ totalChange: int, totalChangeHour: int, predictedRisk: risk, flagLevel: code(16) },
    ...{ lastSampleAt: time, monitoringEndedAt: time },
  },
  writtenAt: true,
};

const episode: Table = {
  key: ['patient', 'kind', 'since'],
  columns: { patient: id, kind: code(16), since: time, raisedAt: time, vitals: code(200), changedBy: time },
  optional: { level: code(16), endedAt: time, endReason: code(16) },
  writtenAt: true,
};

const patient: Table = {
  key: ['patient'],
  columns: { patient: id, monitored: bit, asOf: time },
  optional: {
    ...{ displayName: text(200), birthDate: code(10), recordNumber: text(64) },
    ...{ ward: id, wardName: text(200) },
  },
  writtenAt: false,
};

const route: Table = {
  key: ['patient'],
  columns: { patient: id, hospital: id, careTeam: code(80), source: code(16), asOf: time },
  optional: { careTeamName: text(200), endedAt: time },
  writtenAt: false,
};

const teamMember: Table = {
  key: ['careTeam', 'objectId', 'hospital'],
  columns: { careTeam: code(80), hospital: id, objectId: code(36), asOf: time },
  optional: { role: text(100) },
  writtenAt: false,
};

const feed: Table = {
  key: ['feed', 'source'],
  columns: { feed: code(16), source: code(64), until: time },
  optional: { earlierUntil: time },
  writtenAt: true,
};

/** The tables, and the indexes that reading and races depend on. */
export async function makeCareTables(db: Kysely<unknown>): Promise<void> {
  const tables = { scoredWindow, episode, patient, route, teamMember, feed };
  for (const [name, table] of Object.entries(tables)) await makeTable(db, name, table);
  await db.schema
    .createIndex('episodeStanding')
    .unique()
    .on('care.episode')
    .columns(['patient', 'kind'])
    .where(sql.ref('endedAt'), 'is', null)
    .execute();
  await db.schema.createIndex('episodeEnded').on('care.episode').column('endedAt').execute();
  await db.schema.createIndex('routeTeam').on('care.route').columns(['hospital', 'careTeam']).execute();
  for (const [name, columns] of Object.entries({
    scoredWindowNewest: ['patient', 'windowStart', 'lastSampleAt'],
    scoredWindowRecent: ['windowEnd', 'patient'],
  }))
    await db.schema
      .createIndex(name)
      .on('care.scoredWindow')
      .columns(columns)
      .where(sql.ref('hot'), '=', sql.lit(1))
      .execute();
}

async function makeTable(db: Kysely<unknown>, name: string, table: Table): Promise<void> {
  let builder: CreateTableBuilder<string, string> = db.schema.createTable(`care.${name}`);
  for (const [column, type] of Object.entries(table.columns))
    builder = builder.addColumn(column, type, (one) => one.notNull());
  for (const [column, type] of Object.entries(table.optional)) builder = builder.addColumn(column, type);
  if (table.writtenAt) builder = builder.addColumn('writtenAt', time, (one) => one.notNull().defaultTo(now));
  await builder.addPrimaryKeyConstraint(`${name}Key`, [...table.key]).execute();
}
