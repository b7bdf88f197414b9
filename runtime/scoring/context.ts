import type { ContextItem, PatientContext } from '../contracts/patientContext';
import type { Applicability } from '../contracts/scored';
import type { KernelSettings } from './kernelTypes';

/** The values that hold in a window; null: not known, or not any more. */
export interface ContextInForce {
  readonly scale: 1 | 2;
  readonly supplementalOxygen: ContextItem<boolean> | null;
  readonly underSixteen: boolean | null;
  readonly pregnant: boolean | null;
  readonly spinalCordInjury: boolean | null;
  readonly limitsOfTreatment: boolean | null;
}

/** An item whose `validUntil` is at or before the start of the window is unknown. */
export function inForce(context: PatientContext, start: number): ContextInForce {
  const valid = <T>(item: ContextItem<T> | null) =>
    item === null || (item.validUntil !== null && Date.parse(item.validUntil) <= start) ? null : item;
  const value = <T>(item: ContextItem<T> | null) => valid(item)?.value ?? null;
  return {
    scale: value(context.oxygenSaturationScale) === 2 ? 2 : 1,
    supplementalOxygen: valid(context.supplementalOxygen),
    underSixteen: value(context.underSixteen),
    pregnant: value(context.pregnant),
    spinalCordInjury: value(context.spinalCordInjury),
    limitsOfTreatment: value(context.limitsOfTreatment),
  };
}

/** For whom NEWS2 holds (RCP 2017), and what to keep in mind with it. */
export function applicabilityOf(
  { underSixteen, pregnant, spinalCordInjury, limitsOfTreatment }: ContextInForce,
  setting: KernelSettings['spinalCordInjury'],
): Applicability {
  const reasons: string[] = [];
  if (underSixteen === true) reasons.push('underSixteen');
  if (pregnant === true) reasons.push('pregnant');
  if (spinalCordInjury === true && setting === 'optOut') reasons.push('spinalCordInjury');
  const cautions: string[] = [];
  if (spinalCordInjury === true && setting === 'caution') cautions.push('spinalCordInjury');
  if (limitsOfTreatment === true) cautions.push('limitsOfTreatment');
  if (underSixteen === null) cautions.push('ageUnknown');
  if (pregnant === null) cautions.push('pregnancyUnknown');
  return { applicable: reasons.length === 0, reasons, cautions };
}
