import type { EnrichedMeasurement, EnrichedMessage, PatientPresence } from '../../runtime/contracts/enriched';
import { type Baseline, baselineVersionFor, type WindowResult } from '../../runtime/contracts/scored';
import type { KernelSettings, PatientWindow } from '../../runtime/scoring/kernelTypes';
import type { PatientState } from '../../runtime/scoring/patientState';
import { Slots } from '../../runtime/scoring/slots';
import { stepWindow } from '../../runtime/scoring/stepWindow';

/** Baselines by version and patient. */
export type Baselines = Readonly<Record<string, Readonly<Record<string, Baseline>>>>;

/** From when on windows have another length than before. */
export interface Change {
  readonly from: number;
  readonly windowSeconds: number;
}

/** Windows up to an end: each as long as it is at its start, and at most to the next boundary or change. */
export function spans(first: number, until: number, windowSeconds: number, changes: readonly Change[] = []) {
  const found: { start: number; end: number }[] = [];
  for (let start = first; start < until; start = found.at(-1)?.end ?? until) {
    const length = (changes.filter(({ from }) => from <= start).at(-1)?.windowSeconds ?? windowSeconds) * 1000;
    const change = changes.find(({ from }) => from > start)?.from ?? Number.POSITIVE_INFINITY;
    found.push({ start, end: Math.min(Math.floor(start / length) * length + length, change) });
  }
  return found;
}

/**
 * What the windows up to `until` come to once everything has arrived: the kernel over all messages, in whatever order they
 * came. By patient and start.
 */
export function expectedWindows(
  messages: readonly EnrichedMessage[],
  settings: KernelSettings,
  until: number,
  baselines: Baselines = {},
  changes: readonly Change[] = [],
): Map<string, WindowResult> {
  const length = settings.windowSeconds * 1000;
  const measured = messages.filter((one): one is EnrichedMeasurement => one.kind === 'measurement');
  const present = messages.filter((one): one is PatientPresence => one.kind === 'presence');
  const results = new Map<string, WindowResult>();
  const states = new Map<string, PatientState>();
  const first = Math.min(...[...measured, ...present].map(({ time }) => Math.floor(time / length) * length));
  for (const { start, end } of spans(first, until, settings.windowSeconds, changes)) {
    const own = { ...settings, windowSeconds: (end - start) / 1000 };
    const open = new Slots(start, own);
    for (const one of measured) if (one.time >= start && one.time < end) open.add(one);
    const events = present.filter(({ time }) => time >= start && time < end);
    const patients = [...new Set([...states.keys(), ...open.patients, ...events.map(({ patient }) => patient)])];
    const version = baselineVersionFor(start);
    const known = settings.baselines ? baselines[version] : undefined;
    const windows = patients.map(
      (patient): PatientWindow => ({
        ...{ patient, state: states.get(patient) ?? null, ...open.measured(patient) },
        presence: events.filter((event) => event.patient === patient),
        baseline: known?.[patient] ?? null,
      }),
    );
    const request = {
      ...{ start, settings: own, patients: windows, baselineVersion: known === undefined ? null : version },
      baselineReason: settings.baselines ? 'notReady' : 'off',
    };
    stepWindow(request, open.columns(patients)).forEach(({ result, state }, index) => {
      const patient = patients[index] as string;
      if (result !== null) results.set(`${patient} ${start}`, result);
      if (state === null) states.delete(patient);
      else states.set(patient, JSON.parse(JSON.stringify(state)) as PatientState);
    });
  }
  return results;
}
