/**
 * How results are made.
 *
 * - `r4` (default): Observations are valid FHIR R4 vital signs and pure functions of their input; what the original
 *   only finds out per event is an error when a mapping is loaded.
 * - `medtech`: the managed service's results, for those who move existing data over.
 */
export type Compatibility = 'r4' | 'medtech';
