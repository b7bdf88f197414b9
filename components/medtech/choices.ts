/** What turns device data into Observations. */
export const ConnectorEngine = {
  /** The engine of this library, in two function apps: the same mapping files, the same results. */
  builtin: 'builtin',
  /** A managed MedTech service that exists already; the engine of this library then only feeds scoring. */
  attach: 'attach',
} as const;
/** What turns device data into Observations. */
export type ConnectorEngine = (typeof ConnectorEngine)[keyof typeof ConnectorEngine];

/** How measurements and Observations are made. */
export const ConnectorCompatibility = {
  /** Valid FHIR R4 vital signs, and pure functions of what devices sent. */
  r4: 'r4',
  /** As the managed MedTech service does, for those who move existing data over. */
  medtech: 'medtech',
} as const;
/** How measurements and Observations are made. */
export type ConnectorCompatibility = (typeof ConnectorCompatibility)[keyof typeof ConnectorCompatibility];

/** How Device, Patient and Encounter of a measurement are found. */
export const ResolutionType = {
  /** They are made when they are missing; messages must name the patient. */
  Create: 'Create',
  /** They are looked up; a message without any is a dead letter. */
  Lookup: 'Lookup',
  /** As Lookup, and the Encounter that the message names is looked up, too. */
  LookupWithEncounter: 'LookupWithEncounter',
} as const;
/** How Device, Patient and Encounter of a measurement are found. */
export type ResolutionType = (typeof ResolutionType)[keyof typeof ResolutionType];

/** Vital signs and observations that scoring has a slot for. */
export const Vital = {
  /** Heart rate, beats a minute. */
  heartRate: 'heartRate',
  /** Respiration rate, breaths a minute. */
  respirationRate: 'respirationRate',
  /** Oxygen saturation, percent. */
  oxygenSaturation: 'oxygenSaturation',
  /** Systolic blood pressure, mm Hg. */
  systolicBloodPressure: 'systolicBloodPressure',
  /** Diastolic blood pressure, mm Hg. */
  diastolicBloodPressure: 'diastolicBloodPressure',
  /** Body temperature, degrees Celsius. */
  temperature: 'temperature',
  /** Level of consciousness: A, C, V, P or U. */
  consciousness: 'consciousness',
  /** Whether the patient breathes added oxygen. */
  supplementalOxygen: 'supplementalOxygen',
} as const;
/** Vital sign or observation that scoring has a slot for. */
export type Vital = (typeof Vital)[keyof typeof Vital];

/** Roles that people and systems around the connector may be given. */
export const ConnectorOperatorRole = {
  /** FHIR Data Reader on the FHIR service: reads patients and Observations. */
  readFhir: 'readFhir',
  /** FHIR Data Writer on the FHIR service: a health record that admits patients and hands out devices. */
  writeFhir: 'writeFhir',
  /** Reads and removes dead letters, and sends them again into `devicedata` and `normalizeddata`. */
  replayDeadLetters: 'replayDeadLetters',
} as const;
/** Role that people who operate the connector may be given. */
export type ConnectorOperatorRole = (typeof ConnectorOperatorRole)[keyof typeof ConnectorOperatorRole];
