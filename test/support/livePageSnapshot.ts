import type { Snapshot } from '../../local/livePage/snapshot';

/** What a live page shows now. */
export async function snapshotOf(page: string): Promise<Snapshot> {
  const { body } = await fetch(`${page}events`);
  let text = '';
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    const [, snapshot] = /^event: snapshot\ndata: (.*)\n\n/m.exec(text) ?? [];
    if (snapshot !== undefined) return JSON.parse(snapshot);
  }
  throw new Error(`The live page at ${page} sent no snapshot.`);
}
