import { type EnrichedMeasurement, mostAheadMs } from '../contracts/enriched';
import { chartedMeaning } from '../enrich/chartedChange';
import type { ChartedProblem, ChartedReading } from '../enrich/chartedReading';
import { keyOf } from '../enrich/naturalKey';
import { type PresenceRules, presenceIn } from '../enrich/presence';
import { changedAt, type ResourceChange } from '../enrich/resourceChange';
import { isLate } from '../enrich/windows';
import { type Noticed, readChanges } from '../fhir/changedResources';
import type { FhirClient } from '../fhir/fhirClient';
import type { ContextAnswer, ContextResolver } from '../fhir/patientContext';
import type { VitalLimits } from '../scoring/plausibility';
import type { StepLog } from '../stream/stepLog';
import type { OutgoingRecord } from './enrichedData';
import { type Refusal, refusals } from './enrichRefusals';

/** What changes in the health record are made into records with. */
export interface ChartedTools {
  readonly client: FhirClient;
  readonly contexts: ContextResolver;
  readonly rules: PresenceRules & { readonly limits: VitalLimits };
}

/** A change that came to be known, and by what. */
export interface ArrivedChange<Source> {
  readonly noticed: Noticed;
  readonly source: Source;
  /** Milliseconds since 1970. */
  readonly arrival: number;
}

export interface ChartedRecords<Source> {
  readonly records: readonly OutgoingRecord<Source>[];
  readonly failures: readonly { readonly source: Source; readonly reason: Refusal }[];
}

interface ArrivedReading<Source> {
  readonly source: Source;
  readonly arrival: number;
  readonly change: ResourceChange;
  readonly reading: ChartedReading;
}

const problemRefusals: Readonly<Record<ChartedProblem, Refusal>> = {
  unit: refusals.unit,
  time: refusals.time,
  patient: refusals.noPatient,
};

/** What changes of resources mean for `enriched`: charted values, and who is under observation. */
export async function chartedRecords<Source>(
  arrived: readonly ArrivedChange<Source>[],
  { client, contexts, rules }: ChartedTools,
  at: number,
  log: StepLog,
): Promise<ChartedRecords<Source>> {
  const noticed = arrived.map((one) => one.noticed);
  const changes = await readChanges(client, noticed, log);
  const readings: ArrivedReading<Source>[] = [];
  const presences: OutgoingRecord<Source>[] = [];
  const failures: { source: Source; reason: Refusal }[] = [];
  for (const [index, { source, arrival }] of arrived.entries()) {
    const change = changes[index] as ResourceChange | 'refused';
    if (change === 'refused') failures.push({ source, reason: refusals.refusedResource });
    else if (change.type === 'Observation') {
      const meaning = chartedMeaning(change, rules.limits);
      failures.push(...meaning.problems.map((problem) => ({ source, reason: problemRefusals[problem] })));
      for (const reading of meaning.readings) {
        if (reading.time > arrival + mostAheadMs) failures.push({ source, reason: refusals.future });
        else readings.push({ source, arrival, change, reading });
      }
    } else presences.push(...presenceIn(change, arrival, rules).map((record) => ({ record, source })));
  }
  const answers = await contexts.resolve(
    readings.map(({ reading }) => reading),
    at,
    log,
  );
  const records = readings.flatMap((one, index): OutgoingRecord<Source>[] => {
    const context = answers[index] as ContextAnswer;
    if (typeof context !== 'string') return [{ record: recordOf(one, context, rules), source: one.source }];
    failures.push({ source: one.source, reason: context === 'refused' ? refusals.refused : refusals.patient });
    return [];
  });
  return { records: [...presences, ...records], failures };
}

function recordOf(
  { arrival, change, reading }: ArrivedReading<unknown>,
  context: EnrichedMeasurement['context'],
  rules: PresenceRules,
): EnrichedMeasurement {
  const { patient, time, samples } = reading;
  return {
    ...{ kind: 'measurement', patient, time, arrival, late: isLate(time, arrival, rules) },
    key: keyOf(changedAt(change), [`Observation/${change.id}`]),
    ...{ source: 'charted', type: 'Observation', samples, context },
  };
}
