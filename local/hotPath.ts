import type { Resources } from './contracts';

/** Where the hot path of a stack writes. */
export interface LocalHotPath {
  /** ARM id of the repository's database; undefined without one. */
  readonly databaseId: string | undefined;
}

/** Undefined where nobody is there to write the windows down: told by the consumer group that it reads `scored` with. */
export function hotPathOf(resources: Resources): LocalHotPath | undefined {
  const groups = resources.list('eventhub:ConsumerGroup');
  if (!groups.some(({ id }) => id.endsWith('/ml-output-fhir'))) return undefined;
  const databases = resources.list('sql:Database').filter(({ id }) => !id.endsWith('/master'));
  return { databaseId: databases[0]?.id };
}
