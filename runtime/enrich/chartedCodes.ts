import type { Vital } from '../contracts/scoringSource';
import { percent, perMinute, pressure, temperature, type UnitTable } from './chartedUnits';
import { oxygenCodes } from './oxygen';

const loinc = (code: string) => `http://loinc.org|${code}`;
const sct = (code: string) => `http://snomed.info/sct|${code}`;

interface ChartedVital {
  readonly vital: Vital;
  readonly units: UnitTable;
}

const chartedVital = (vital: Vital, units: UnitTable, codes: readonly string[]) =>
  codes.map((code): [string, ChartedVital] => [code, { vital, units }]);

/** Codes of charted numbers, by those of the R4 vital-sign profiles and SNOMED CT; of Observations and of their components. */
export const chartedNumbers: ReadonlyMap<string, ChartedVital> = new Map([
  ...chartedVital('heartRate', perMinute, [loinc('8867-4'), sct('364075005'), sct('78564009')]),
  ...chartedVital('respirationRate', perMinute, [loinc('9279-1'), sct('86290005')]),
  ...chartedVital('oxygenSaturation', percent, [loinc('2708-6'), loinc('59408-5'), sct('103228002'), sct('431314004')]),
  ...chartedVital('systolicBloodPressure', pressure, [loinc('8480-6'), sct('72313002')]),
  ...chartedVital('diastolicBloodPressure', pressure, [loinc('8462-4')]),
  ...chartedVital('temperature', temperature, [loinc('8310-5'), sct('386725007'), sct('276885007')]),
]);

/** Level of responsiveness, and the UK's ACVPU scale. */
export const consciousnessCodes: readonly string[] = [loinc('67775-7'), sct('1104441000000107')];

/** Its answers: LOINC's, and the published UK value set (CareConnect-ACVPU-1). */
export const consciousnessAnswers: ReadonlyMap<string, number> = new Map(
  [
    ['LA9340-6', '248234008'],
    ['LA6560-2', '130987000'],
    ['LA17108-4', '300202002'],
    ['LA17107-6', '450847001'],
    ['LA9343-0', '422768004'],
  ].flatMap(([answer = '', finding = ''], level) => [[loinc(answer), level] as const, [sct(finding), level] as const]),
);

/** Blood pressure, whose components are read. */
const panels = [loinc('85354-9'), sct('75367002')];

/** By which charted values are searched for. */
export const chartedCodes: readonly string[] = [
  ...new Set([...chartedNumbers.keys(), ...panels, ...consciousnessCodes, ...oxygenCodes]),
];
