import { sql } from 'kysely';
import { audit } from './audit';
import { Overtaken } from './chunks';
import type { RepositoryDatabase } from './connection';
import { databaseTime } from './databaseTime';
import { episodeEntries, writeEpisodes } from './episodes';
import { failingOf, faultOf, refusalOf } from './faults';
import { endMonitoring } from './monitoring';
import type { PatientResults, WrittenResults } from './port';
import { writeWindows } from './windows';

/** Patients in a transaction: few statements for a ward, and locks that are soon gone. */
const patientsTogether = 200;

type Outcome = { readonly overtaken: string[]; readonly refused: { patient: string; reason: string }[] };

/**
 * Many patients in one transaction. Where one of them keeps the others back they are divided in halves until that patient stands
 * alone, so that nothing else is lost with it. In the order of patients, so that two who write the same do not wait for each other.
 */
export async function writeResults(
  db: RepositoryDatabase,
  results: readonly PatientResults[],
): Promise<WrittenResults> {
  const outcome: Outcome = { overtaken: [], refused: [] };
  const sorted = [...results].sort((a, b) => (a.patient < b.patient ? -1 : 1));
  for (let at = 0; at < sorted.length; at += patientsTogether)
    await writeInHalves(db, sorted.slice(at, at + patientsTogether), outcome);
  return { ...outcome, writtenAt: await timeOf(db) };
}

async function writeInHalves(
  db: RepositoryDatabase,
  results: readonly PatientResults[],
  outcome: Outcome,
): Promise<void> {
  const [first] = results;
  if (first === undefined) return;
  try {
    await db.transaction().execute((transaction) => writeTogether(transaction, results));
  } catch (error) {
    const failing = error instanceof Overtaken ? 'duplicate' : failingOf(error);
    if (failing === 'fault') throw faultOf(error);
    if (results.length > 1) {
      const middle = Math.ceil(results.length / 2);
      await writeInHalves(db, results.slice(0, middle), outcome);
      await writeInHalves(db, results.slice(middle), outcome);
    } else if (failing === 'duplicate') outcome.overtaken.push(first.patient);
    else outcome.refused.push({ patient: first.patient, reason: refusalOf(error) });
  }
}

async function writeTogether(db: RepositoryDatabase, results: readonly PatientResults[]): Promise<void> {
  await writeWindows(
    db,
    results.flatMap(({ windows }) => windows),
  );
  const changes = results.flatMap((one) => one.changes);
  await writeEpisodes(db, changes);
  const entries = changes.flatMap(episodeEntries);
  for (const { patient, ends } of results)
    for (const time of ends) entries.push(...(await endMonitoring(db, patient, time)));
  await audit(db, entries);
}

async function timeOf(db: RepositoryDatabase): Promise<number> {
  const { rows } = await sql<{ now: Date }>`select ${databaseTime} as now`.execute(db);
  return (rows[0] as { now: Date }).now.getTime();
}
