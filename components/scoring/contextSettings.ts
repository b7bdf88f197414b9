import type { JsonValue } from '../azure/merge';

/** What makes a resource of the health record say something about a patient. */
export interface ContextRuleSettings {
  /** Type of the resource: Condition, Consent, Flag, Goal, Observation or ServiceRequest. */
  resource: string;
  /** `<system>|<code>` of its code, of a Consent's category or of a Goal's target. */
  codes: string[];
  /**
   * Of an Observation, `<system>|<code>` of its value, any of them; default none.
   * @default none
   */
  values?: string[];
  /**
   * Of a Goal, the range of its target in percent, ends included; default none.
   * @default none
   */
  range?: ContextRange;
  /** What it says: true or false, or 1 or 2 of the scale. */
  says: JsonValue;
  /**
   * Of an Observation, the days for which it holds; default until a later one says something else.
   * @default until a later one says something else
   */
  validDays?: number;
  /**
   * Days for which it still holds after it ended; default 0.
   * @default 0
   */
  afterDays?: number;
}

/** The range of a Goal's target. */
export interface ContextRange {
  /** Its lower end. */
  low: number;
  /** Its upper end. */
  high: number;
}

/** How long charted oxygen is believed. */
export interface SupplementalOxygenSettings {
  /** Hours for which it is. */
  validHours: number;
}

/** By which codes facts about a patient are recognised. What is given takes the place of the library's rules. */
export interface ContextCodeSettings {
  /**
   * Scale 2 of NEWS2, by prescription alone; default a Goal of 88 to 92 %.
   * @default a Goal of 88 to 92 %
   */
  oxygenSaturationScale?: ContextRuleSettings[];
  /**
   * How long charted oxygen is believed; default 4 hours.
   * @default 4 hours
   */
  supplementalOxygen?: SupplementalOxygenSettings;
  /**
   * Pregnant, or within 42 days after birth; default the International Patient Summary's status, or a Condition.
   * @default the International Patient Summary's status, or a Condition
   */
  pregnant?: ContextRuleSettings[];
  /**
   * Spinal cord injury; default a Condition.
   * @default a Condition
   */
  spinalCordInjury?: ContextRuleSettings[];
  /**
   * Agreed limits of treatment; default consents, conditions and orders that say so.
   * @default consents, conditions and orders that say so
   */
  limitsOfTreatment?: ContextRuleSettings[];
  /**
   * `<system>|<code>` of Encounter.class of patients for whom windows are due; default those of patients in a bed.
   * @default those of patients in a bed
   */
  encounterClasses?: string[];
}
