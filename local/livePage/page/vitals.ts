/** How the vital signs that a device sends are named to people; a name that is not known is shown as it is. */
const known: Readonly<Record<string, readonly [label: string, unit: string]>> = {
  hr: ['HR', '/min'],
  spo2: ['SpO₂', '%'],
  resp: ['Resp', '/min'],
  temp: ['Temp', '°C'],
  abpsys: ['ABP sys', 'mmHg'],
  abpdias: ['ABP dia', 'mmHg'],
  abpmean: ['ABP mean', 'mmHg'],
  nbpsys: ['NBP sys', 'mmHg'],
  nbpdias: ['NBP dia', 'mmHg'],
  nbpmean: ['NBP mean', 'mmHg'],
  pulse: ['Pulse', '/min'],
  avpu: ['AVPU', '0 alert'],
  oxygen: ['Oxygen', '0 air'],
};

/** The vitals that scoring knows, in words. */
const names: Readonly<Record<string, string>> = { heartRate: 'pulse', oxygenSaturation: 'SpO₂' };

export function vitalName(vital: string): string {
  return names[vital] ?? vital;
}

const order = Object.keys(known);

export function vitalLabel(vital: string): string {
  return known[vital]?.[0] ?? vital;
}

export function vitalUnit(vital: string): string {
  return known[vital]?.[1] ?? '';
}

/** The vital signs of the devices, the well-known ones first. */
export function vitalsIn(names: Iterable<string>): string[] {
  const rank = (vital: string) => (order.includes(vital) ? order.indexOf(vital) : order.length);
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en'));
}
