import { chunks } from './chunks';
import type { RepositoryDatabase } from './connection';

/** What is put down of a change, in the same transaction. */
export interface AuditEntry {
  readonly action:
    | 'episode.raised'
    | 'episode.changed'
    | 'episode.ended'
    | 'route.changed'
    | 'route.ended'
    | 'monitoring.ended';
  readonly patient: string;
  /** JSON of no more than 400 characters; no PHI beyond the patient's id. */
  readonly detail: Readonly<Record<string, string | null>>;
}

const parametersOfEntry = 3;

/** When and who are the database's own: its clock, and the user that writes. */
export async function audit(db: RepositoryDatabase, entries: readonly AuditEntry[]): Promise<void> {
  for (const some of chunks(entries, parametersOfEntry)) {
    await db
      .insertInto('audit.entry')
      .values(
        some.map(({ action, patient, detail }) => ({ action, patient, detail: JSON.stringify(detail).slice(0, 400) })),
      )
      .execute();
  }
}
