import { type ClockMark, clockMarkKind, kindProperty } from '../contracts/clockMark';
import type { EnrichedClockMark, EnrichedMeasurement, PatientPresence } from '../contracts/enriched';
import { partitionKey } from '../medtech/partitionKey';
import { anyFault, hold } from '../stream/hold';
import type { HubSender, KeyedEvent } from '../stream/hubSender';
import type { StepLog } from '../stream/stepLog';
import type { StepName } from '../stream/stepName';

/** What goes to `enriched`, and what it was made of. */
export interface OutgoingRecord<Source> {
  readonly record: EnrichedMeasurement | PatientPresence;
  readonly source: Source;
}

interface OutgoingEvent<Source> extends KeyedEvent {
  readonly source: Source;
}

/** The hub `enriched`, as the app `ml-input` writes it. */
export class EnrichedData {
  constructor(
    private readonly sender: HubSender,
    /** How many sources the hub has. */
    private readonly sources: () => Promise<number>,
    private readonly step: StepName,
  ) {}

  /**
   * Sends the records, those of one patient in their order. Holds while the hub refuses. The partition key is a patient's hash
   * modulo 256, so that a batch of many patients goes in few sends.
   *
   * @returns the sources of those that are larger than the hub takes
   */
  async send<Source>(records: readonly OutgoingRecord<Source>[], log: StepLog): Promise<readonly Source[]> {
    const events = records.map(
      ({ record, source }): OutgoingEvent<Source> => ({
        ...{ partitionKey: partitionKey(record.patient), body: JSON.stringify(record), properties: {}, source },
      }),
    );
    return (await this.sender.send(events, log)).map(({ source }) => source);
  }

  /**
   * Says in every partition that all that one source had until then has been sent.
   *
   * @param time milliseconds since 1970
   */
  async sendMark(source: string, time: number, log: StepLog): Promise<void> {
    const sources = await hold(this.step, log, this.sources, anyFault);
    const mark: ClockMark = { source, sources, time: new Date(time).toISOString() };
    const body: EnrichedClockMark = { kind: 'clockMark', ...mark };
    const event = { body: Buffer.from(JSON.stringify(body)), properties: { [kindProperty]: clockMarkKind } };
    await this.sender.sendToAll({ ...event, contentType: 'application/json' }, log);
  }
}
