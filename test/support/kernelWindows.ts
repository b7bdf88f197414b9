import { type BaselineFile, baselineVersionFor, type WindowResult } from '../../runtime/contracts/scored';
import type { PatientState } from '../../runtime/scoring/patientState';
import { Slots } from '../../runtime/scoring/slots';
import { stepWindow } from '../../runtime/scoring/stepWindow';
import type { OracleInput, WindowContent } from './scoringOracle';

type Rows = Required<Pick<OracleInput, 'measurements' | 'presence'>> & Omit<OracleInput, 'recordings'>;

/**
 * What the kernel makes of rows that are all there before the first window is closed: the windows that a compute has sent in
 * the end, whatever came late. States go through JSON between windows, as they are kept.
 */
export function kernelWindows({ settings, measurements, presence, until, baselines = {} }: Rows): WindowContent[] {
  const windowMs = settings.windowSeconds * 1000;
  const startOf = (time: number) => Math.floor(time / windowMs) * windowMs;
  const patients = [...new Set([...measurements, ...presence].map(({ patient }) => patient))].sort();
  const byWindow = grouped(measurements, ({ time }) => startOf(time));
  const events = grouped(presence, ({ time }) => startOf(time));
  const states = new Map<string, string>();
  const results: WindowContent[] = [];
  const begin = Math.min(...byWindow.keys(), ...events.keys());
  for (let start = begin; start + windowMs + settings.latenessSeconds * 1000 <= until; start += windowMs) {
    const slots = new Slots(start, settings);
    for (const row of byWindow.get(start) ?? []) slots.add(row);
    const file: BaselineFile | undefined = settings.baselines ? baselines[baselineVersionFor(start)] : undefined;
    const steps = stepWindow(
      {
        ...{ start, settings, baselineVersion: file?.version ?? null },
        ...(file ? {} : { baselineReason: 'notReady' }),
        patients: patients.map((patient) => ({
          ...{ patient, state: JSON.parse(states.get(patient) ?? 'null') as PatientState | null },
          ...{ presence: (events.get(start) ?? []).filter((event) => event.patient === patient) },
          ...{ ...slots.measured(patient), baseline: file?.patients[patient] ?? null },
        })),
      },
      slots.columns(patients),
    );
    for (const [i, { result, state }] of steps.entries()) {
      states.set(patients[i] ?? '', JSON.stringify(state));
      if (result) results.push({ kind: 'window', ...(JSON.parse(JSON.stringify(result)) as WindowResult) });
    }
  }
  return results;
}

function grouped<Row>(rows: readonly Row[], keyOf: (row: Row) => number): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}
