/** Resources that patient context is read from. */
export const contextResources = ['Condition', 'Consent', 'Flag', 'Goal', 'Observation', 'ServiceRequest'] as const;
export type ContextResource = (typeof contextResources)[number];

/** What makes a resource say something about a patient. */
export interface ContextRule<Value> {
  readonly resource: ContextResource;
  /** `system|code`: of `code`, of a Consent's `category`, of a Goal's `target.measure`. */
  readonly codes: readonly string[];
  /** Observation: `system|code` of the value, any of them. */
  readonly values?: readonly string[];
  /** Goal: the range of the target, inclusive, in %. */
  readonly range?: { readonly low: number; readonly high: number };
  readonly says: Value;
  /** Observation: for how many days it holds, unless a later one says something else; left out: until then. */
  readonly validDays?: number;
  /** For how many days it still holds after it ended, or after a later Observation said something else. */
  readonly afterDays?: number;
}

/**
 * By which codes patient context is recognised. The app setting CONTEXT_CODES is JSON of the same shape; a member that it has
 * takes the place of the default one.
 */
export interface ContextCodes {
  readonly oxygenSaturationScale: readonly ContextRule<1 | 2>[];
  /** The codes are those of charted oxygen (`oxygenIn`). */
  readonly supplementalOxygen: { readonly validHours: number };
  readonly pregnant: readonly ContextRule<boolean>[];
  readonly spinalCordInjury: readonly ContextRule<boolean>[];
  readonly limitsOfTreatment: readonly ContextRule<boolean>[];
  /** Encounter.class of patients for whom windows are due while the encounter lasts. */
  readonly encounterClasses: readonly string[];
}

export type CodedFact = 'oxygenSaturationScale' | 'pregnant' | 'spinalCordInjury' | 'limitsOfTreatment';
export const codedFacts: readonly CodedFact[] = [
  'oxygenSaturationScale',
  'pregnant',
  'spinalCordInjury',
  'limitsOfTreatment',
];

const loinc = (code: string) => `http://loinc.org|${code}`;
const sct = (code: string) => `http://snomed.info/sct|${code}`;
const consent = (code: string) => `http://terminology.hl7.org/CodeSystem/consentcategorycodes|${code}`;
const actCode = (code: string) => `http://terminology.hl7.org/CodeSystem/v3-ActCode|${code}`;

/** SpO2 as the R4 vital-sign profile and pulse oximetry have it. */
const oxygenSaturation = [loinc('2708-6'), loinc('59408-5'), sct('103228002'), sct('431314004')];
/** WHO's puerperium, 42 days: NEWS2 does not hold after birth either (RCP 2017). */
const daysAfterBirth = 42;
/** A pregnancy seen on its first day ends by week 42. */
const longestPregnancyDays = 42 * 7;

/**
 * - Scale 2: a Goal for SpO2 of 88 to 92 %, as HL7's clinical guidelines guide writes such targets (target.measure and range); one of
 *   94 to 98 %, the target of everybody else (British Thoracic Society), says scale 1. A diagnosis never does (RCP 2017).
 * - Pregnancy: the pregnancy status of the International Patient Summary (LOINC 82810-3, with SNOMED or LOINC answers), or
 *   a Condition.
 * - Spinal cord injury, tetraplegia, paraplegia: a Condition.
 * - Limits of treatment: HL7's consent categories for resuscitation (dnr) and life-sustaining treatment (polst), or a
 *   Condition, Observation or order that says palliative care or not for resuscitation.
 * - Encounters of patients who are in a bed: HL7's ActCode classes.
 */
export const defaultContextCodes: ContextCodes = {
  oxygenSaturationScale: [
    { resource: 'Goal', codes: oxygenSaturation, range: { low: 88, high: 92 }, says: 2 },
    { resource: 'Goal', codes: oxygenSaturation, range: { low: 94, high: 98 }, says: 1 },
  ],
  supplementalOxygen: { validHours: 4 },
  pregnant: [
    {
      ...{
        resource: 'Observation',
        codes: [loinc('82810-3')],
        values: [sct('77386006'), loinc('LA15173-0')],
        says: true,
      },
      ...{ validDays: longestPregnancyDays + daysAfterBirth, afterDays: daysAfterBirth },
    },
    {
      ...{ resource: 'Observation', codes: [loinc('82810-3')], values: [sct('60001007'), loinc('LA26683-5')] },
      ...{ says: false, validDays: 30 },
    },
    { resource: 'Condition', codes: [sct('77386006')], says: true, afterDays: daysAfterBirth },
  ],
  spinalCordInjury: [{ resource: 'Condition', codes: [sct('90584004'), sct('11538006'), sct('60389000')], says: true }],
  limitsOfTreatment: [
    { resource: 'Consent', codes: [consent('dnr'), consent('polst')], says: true },
    { resource: 'Condition', codes: [sct('304253006'), sct('103735009')], says: true },
    { resource: 'Observation', codes: [sct('304251008')], values: [sct('304253006')], says: true },
    { resource: 'Observation', codes: [sct('304251008')], values: [sct('304252001')], says: false },
    { resource: 'ServiceRequest', codes: [sct('103735009'), sct('304253006')], says: true },
  ],
  encounterClasses: ['IMP', 'ACUTE', 'NONAC', 'OBSENC', 'EMER', 'SS'].map(actCode),
};

/**
 * Reads the app setting CONTEXT_CODES; empty is the defaults.
 * @throws Error naming all members that are wrong
 */
export function readContextCodes(text: string): ContextCodes {
  const given = text.trim() === '' ? {} : parseObject(text);
  const wrong = Object.keys(given).filter((name) => !isMember(name, given[name]));
  if (wrong.length === 0) return { ...defaultContextCodes, ...(given as Partial<ContextCodes>) };
  throw new Error(
    `The app setting CONTEXT_CODES has unknown or wrong members: ${wrong.join(', ')}. Allowed are ${Object.keys(defaultContextCodes).join(', ')}; see ContextCodes.`,
  );
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw new Error('The app setting CONTEXT_CODES is not a JSON object.');
}

function isMember(name: string, value: unknown): boolean {
  if (name === 'encounterClasses') return areTokens(value);
  if (name === 'supplementalOxygen') {
    const hours = (value as Partial<ContextCodes['supplementalOxygen']> | null)?.validHours;
    return typeof hours === 'number' && hours > 0;
  }
  const allowed = name === 'oxygenSaturationScale' ? [1, 2] : [true, false];
  return (
    codedFacts.some((fact) => fact === name) &&
    Array.isArray(value) &&
    value.every((rule: Partial<ContextRule<unknown>> | null) => isRule(rule, allowed))
  );
}

function isRule(rule: Partial<ContextRule<unknown>> | null, allowed: readonly unknown[]): boolean {
  const { resource, codes, values, range, says, validDays = 1, afterDays = 1 } = rule ?? {};
  return (
    contextResources.some((one) => one === resource) &&
    areTokens(codes) &&
    (resource === 'Observation' ? areTokens(values) : values === undefined) &&
    (resource === 'Goal' ? typeof range?.low === 'number' && typeof range.high === 'number' : range === undefined) &&
    allowed.includes(says) &&
    [validDays, afterDays].every((days) => typeof days === 'number' && days >= 0)
  );
}

function areTokens(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => /^[^|,]+\|[^|,]+$/.test(String(one)));
}
