import type { DeadLetter } from '../../runtime/contracts/deadLetter';
import type { PatientPresence } from '../../runtime/contracts/enriched';
import type { ScoredMessage, ScoredWindow, WindowResult } from '../../runtime/contracts/scored';
import { FhirClient } from '../../runtime/fhir/fhirClient';
import type { Transport } from '../../runtime/fhir/transport';
import { mlOutputFhir } from '../../runtime/functions/mlOutputFhir';
import { FeedProgress } from '../../runtime/hotPath/feedProgress';
import { HotPathWriter } from '../../runtime/hotPath/hotPathWriter';
import type { ReceivedEvent } from '../../runtime/stream/eventBatch';
import { key } from './kernelPatient';
import { eventOf } from './observationStep';

export const minute = 60_000;
export const windowMs = 5 * minute;

/** A result as the computes send it first. */
export const scored = (result: WindowResult, given: Partial<ScoredWindow> = {}): ScoredWindow => ({
  kind: 'window',
  ...result,
  revision: 1,
  corrected: false,
  ...given,
});

/** The same window scored again after data came late. */
export const corrected = (window: ScoredWindow, given: Partial<ScoredWindow> = {}): ScoredWindow => ({
  ...window,
  revision: window.revision + 1,
  corrected: true,
  ...given,
});

/** The stay of the kernel's patient begins or ends. */
export const stay = (event: PatientPresence['event'], time: number): PatientPresence => ({
  ...{ kind: 'presence', patient: 'p', event, basis: 'encounter', resource: 'Encounter/e1', time },
  key: key(time, event === 'end' ? 2 : 1),
});

export const scoredMark = (source: string, sources: number, time: number): ScoredMessage => ({
  kind: 'clockMark',
  source,
  sources,
  time: new Date(time).toISOString(),
});

/** An instance of the function `mlOutputFhir`, with memory of its own, and what it left behind. */
export class HotPathStep {
  readonly lines: string[] = [];
  readonly letters: DeadLetter[] = [];
  readonly reported: string[] = [];
  /** What the repository does when it is told how far FHIR is. */
  repository: () => Promise<void> = async () => {};
  readonly progress: FeedProgress;
  private readonly writer: HotPathWriter;

  constructor(transport: Transport) {
    const client = new FhirClient(transport, 'ml-output-fhir');
    this.writer = new HotPathWriter(client, { windowMs, codes: 'local' });
    const reportFeed = async (feed: string, source: string, until: number) => {
      await this.repository();
      this.reported.push(`${feed} ${source} ${new Date(until).toISOString()}`);
    };
    this.progress = new FeedProgress({ reportFeed }, 50);
  }

  /** Handles messages as events of partition 0 from a sequence number on. */
  async handle(messages: readonly (ScoredMessage | string)[], from = 0): Promise<void> {
    const events = messages.map((message, index) =>
      eventOf(typeof message === 'string' ? message : JSON.stringify(message), { sequenceNumber: from + index }),
    );
    await this.handleEvents(events);
  }

  async handleEvents(events: readonly ReceivedEvent[]): Promise<void> {
    const say = (line: string) => {
      this.lines.push(line);
    };
    const deadLetters = {
      put: async (_name: string, content: string) => {
        this.letters.push(JSON.parse(content) as DeadLetter);
      },
    };
    const batch = { eventHub: 'scored', partitionId: '0', events };
    const tools = { writer: this.writer, deadLetters, progress: this.progress };
    await mlOutputFhir(batch, tools, { info: say, warn: say, error: say });
  }
}
