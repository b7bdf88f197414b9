import type { EnrichedMeasurement } from '../../runtime/contracts/enriched';
import { unknownContext } from '../../runtime/contracts/patientContext';
import type { ScoredWindow } from '../../runtime/contracts/scored';
import type { Vital } from '../../runtime/contracts/scoringSource';
import type { BatchRequest } from '../../runtime/fhir/batch';
import type { Episode } from '../../runtime/hotPath/episodes';
import { followWindow } from '../../runtime/hotPath/episodes';
import { flagOf } from '../../runtime/hotPath/flag';
import { riskAssessmentOf } from '../../runtime/hotPath/riskAssessment';
import { scoreObservationOf } from '../../runtime/hotPath/scoreObservation';
import { defaultKernelSettings } from '../../runtime/scoring/kernelSettings';
import { Slots } from '../../runtime/scoring/slots';
import { step } from '../../runtime/scoring/stepWindow';

export const patients = 1000;
const windowMs = defaultKernelSettings.windowSeconds * 1000;

/** A score of 8: the flag is raised with the first window. */
const grave: readonly (readonly [Vital, number, string])[] = [
  ['heartRate', 135, '8867-4'],
  ['respirationRate', 28, '9279-1'],
  ['oxygenSaturation', 92, '2708-6'],
];

/** The windows of all patients of a group that end at one instant, as scoring sends them. */
export function windowsOf(group: string, start: number): ScoredWindow[] {
  return Array.from({ length: patients }, (_, number) => windowOf(`${group}-${number}`, start));
}

function windowOf(patient: string, start: number): ScoredWindow {
  const time = start + 60_000;
  const reading: EnrichedMeasurement = {
    ...{
      kind: 'measurement',
      patient,
      time,
      arrival: time + 500,
      late: false,
      key: time.toString(16).padStart(28, '0'),
    },
    ...{ source: 'device', type: 'monitor', context: unknownContext },
    samples: grave.map(([vital, value]) => ({ vital, value, priority: 0 })),
  };
  const slots = new Slots(start, defaultKernelSettings);
  slots.add(reading);
  const known = { patient, state: null, presence: [], baseline: null, ...slots.measured(patient) };
  const at = { start, settings: defaultKernelSettings, baselineVersion: null };
  const { result } = step(at, known, slots.columns([patient]));
  if (result?.flag.level !== 'high') throw new Error('The window of the benchmark must raise a flag.');
  return { kind: 'window', ...result, revision: 1, corrected: false };
}

/** The readings that these windows were scored with. */
export function readingsOf(windows: readonly ScoredWindow[]): BatchRequest[] {
  return windows.flatMap(({ patient, start }) =>
    grave.map(([vital, value, code]) => {
      const resource = {
        ...{ resourceType: 'Observation', id: `${patient}-${vital}`, status: 'final' },
        code: { coding: [{ system: 'http://loinc.org', code }] },
        subject: { reference: `Patient/${patient}` },
        // Without one it would be what somebody charted, and be scored.
        device: { reference: 'Device/bench' },
        effectiveDateTime: new Date(start + 60_000).toISOString(),
        valueQuantity: { value },
      };
      return { method: 'PUT', url: `Observation/${resource.id}`, resource } as const;
    }),
  );
}

/** What becomes of these windows in FHIR, by nobody who reads or compares. */
export function plainPuts(windows: readonly ScoredWindow[]): BatchRequest[] {
  return windows.flatMap((window) => {
    const flags = episodesOf(window).map((episode) => flagOf(episode, window.horizon));
    const resources = [...flags, riskAssessmentOf(window, []), scoreObservationOf(window, [], 'local')];
    return resources.map(
      (resource) => ({ method: 'PUT', url: `${resource.resourceType}/${resource.id}`, resource }) as const,
    );
  });
}

export function episodesOf(window: ScoredWindow): readonly Episode[] {
  return followWindow([], window);
}

const lately = (Math.floor(Date.now() / windowMs) - 12) * windowMs;

/** Windows of a round lie apart from those of others, and not long ago. */
export const startOf = (round: number) => lately + round * windowMs;
