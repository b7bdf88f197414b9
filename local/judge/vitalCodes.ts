/**
 * Where a recorded column is to be found in FHIR, told by codes alone: written apart from the mapping files, so that the
 * judge does not believe them.
 */
export type VitalPlace =
  | { readonly in: 'value'; readonly code: string }
  | { readonly in: 'component'; readonly code: string }
  | { readonly in: 'concept'; readonly code: string; readonly conceptOf: (value: number) => string };

/** LOINC and SNOMED CT codes that only this column's Observations or components carry. */
export const vitalPlaces: Readonly<Record<string, VitalPlace>> = {
  hr: { in: 'value', code: '364075005' },
  pulse: { in: 'value', code: '78564009' },
  resp: { in: 'value', code: '9279-1' },
  spo2: { in: 'value', code: '2708-6' },
  temp: { in: 'value', code: '8310-5' },
  abpsys: { in: 'component', code: '76215-3' },
  abpdias: { in: 'component', code: '76213-8' },
  abpmean: { in: 'component', code: '76214-6' },
  nbpsys: { in: 'component', code: '76534-7' },
  nbpdias: { in: 'component', code: '76535-4' },
  nbpmean: { in: 'component', code: '76536-2' },
  // 1 in the recordings is "not alert" without saying which: text alone, no answer code.
  avpu: { in: 'concept', code: '67775-7', conceptOf: (value) => (value === 0 ? 'LA9340-6' : '') },
  oxygen: { in: 'concept', code: '57485005', conceptOf: (value) => (value === 0 ? '722742002' : '371825009') },
};
