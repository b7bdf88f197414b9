import type { EnrichedMeasurement, EnrichedMessage, PatientPresence } from '../../runtime/contracts/enriched';
import { type Baseline, baselineVersionFor, type WindowResult } from '../../runtime/contracts/scored';
import type { KernelSettings, PatientWindow } from '../../runtime/scoring/kernelTypes';
import type { PatientState } from '../../runtime/scoring/patientState';
import { Slots } from '../../runtime/scoring/slots';
import { stepWindow } from '../../runtime/scoring/stepWindow';

/** Baselines by version and patient. */
export type Baselines = Readonly<Record<string, Readonly<Record<string, Baseline>>>>;

/**
 * What the windows up to `until` come to once everything has arrived: the kernel over all messages, in whatever order they
 * came. By patient and start.
 */
export function expectedWindows(
  messages: readonly EnrichedMessage[],
  settings: KernelSettings,
  until: number,
  baselines: Baselines = {},
): Map<string, WindowResult> {
  const length = settings.windowSeconds * 1000;
  const startOf = (time: number) => Math.floor(time / length) * length;
  const measured = messages.filter((one): one is EnrichedMeasurement => one.kind === 'measurement');
  const present = messages.filter((one): one is PatientPresence => one.kind === 'presence');
  const slots = new Map<number, Slots>();
  for (const one of measured) {
    const start = startOf(one.time);
    if (!slots.has(start)) slots.set(start, new Slots(start, settings));
    slots.get(start)?.add(one);
  }
  const results = new Map<string, WindowResult>();
  const states = new Map<string, PatientState>();
  const first = Math.min(...[...measured, ...present].map(({ time }) => startOf(time)));
  for (let start = first; start < until; start += length) {
    const open = slots.get(start) ?? new Slots(start, settings);
    const events = present.filter(({ time }) => startOf(time) === start);
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
      ...{ start, settings, patients: windows, baselineVersion: known === undefined ? null : version },
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
