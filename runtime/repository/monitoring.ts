import type { MonitoringEnd } from '../contracts/scored';
import type { AuditEntry } from './audit';
import { chunks } from './chunks';
import type { RepositoryDatabase } from './connection';
import type { WindowedEnd } from './port';

/** Ends of monitoring in windows of these patients from that time on, in the order of windows. */
export async function readEnds(
  db: RepositoryDatabase,
  patients: readonly string[],
  from: number,
): Promise<readonly WindowedEnd[]> {
  const ends: WindowedEnd[] = [];
  for (const some of chunks([...new Set(patients)], 1)) {
    const rows = await db
      .selectFrom('care.scoredWindow')
      .select(['patient', 'windowStart', 'monitoringEndedAt', 'monitoringEndBasis'])
      .where('hot', '=', true)
      .where('monitoringEndedAt', 'is not', null)
      .where('windowStart', '>=', new Date(from))
      .where('patient', 'in', some)
      .orderBy('windowStart')
      .execute();
    for (const { patient, windowStart, monitoringEndedAt, monitoringEndBasis } of rows)
      ends.push({
        ...{ patient, windowStart: windowStart.getTime(), time: (monitoringEndedAt as Date).getTime() },
        // Rows of before migration 002 do not say; nothing is decided by it.
        basis: (monitoringEndBasis ?? 'encounter') as MonitoringEnd['basis'],
      });
  }
  return ends;
}

/**
 * Ends what stands for a patient in `care.patient` and `care.route`; what FHIR said after that time stands.
 * @returns what to put down in the audit: nothing when nothing changed
 */
export async function endMonitoring(
  db: RepositoryDatabase,
  patient: string,
  time: number,
): Promise<readonly AuditEntry[]> {
  const at = new Date(time);
  const { numUpdatedRows: patients } = await db
    .updateTable('care.patient')
    .set({ monitored: false, asOf: at })
    .where('patient', '=', patient)
    .where('monitored', '=', true)
    .where('asOf', '<=', at)
    .executeTakeFirst();
  const { numUpdatedRows: routes } = await db
    .updateTable('care.route')
    .set({ endedAt: at, asOf: at })
    .where('patient', '=', patient)
    .where('endedAt', 'is', null)
    .where('asOf', '<=', at)
    .executeTakeFirst();
  const detail = { reason: 'monitoringEnded', time: at.toISOString() };
  return [
    ...(patients > 0n ? [{ action: 'monitoring.ended' as const, patient, detail }] : []),
    ...(routes > 0n ? [{ action: 'route.ended' as const, patient, detail }] : []),
  ];
}
