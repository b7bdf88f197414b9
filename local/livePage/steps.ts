/** The 18 steps of the reference architecture, as its picture numbers them. Shared by the server and the page. */

export type PathColour = 'blue' | 'green' | 'red' | 'orange';

export interface Step {
  readonly id: string;
  readonly path: PathColour;
  /** What happens, in one line. */
  readonly does: string;
}

export const paths: readonly { readonly colour: PathColour; readonly name: string; readonly range: string }[] = [
  { colour: 'blue', name: 'Ingest and record', range: '1 to 5' },
  { colour: 'green', name: 'Enrich and score', range: '6 to 11' },
  { colour: 'red', name: 'Hot path', range: '12 to 15' },
  { colour: 'orange', name: 'Warm path', range: '16 to 18' },
];

export const steps = [
  { id: '1', path: 'blue', does: 'Device or gateway sends to IoT Hub or IoT Edge' },
  { id: '2', path: 'blue', does: 'IoT Edge sends to IoT Hub' },
  { id: '3', path: 'blue', does: 'Copy of the raw device data to secure storage' },
  { id: '4', path: 'blue', does: 'IoT Hub sends the payload to devicedata, for the MedTech engine' },
  { id: '5a', path: 'blue', does: 'MedTech engine asks FHIR for the patient' },
  { id: '5b', path: 'blue', does: 'FHIR answers with the patient' },
  { id: '5c', path: 'blue', does: 'MedTech engine records the Observation in FHIR' },
  { id: '6', path: 'green', does: 'Normalized stream to the ML Input function' },
  { id: '7', path: 'green', does: 'ML Input fetches the patient and merges it in' },
  { id: '8', path: 'green', does: 'Merged payload to the event hub enriched' },
  { id: '9', path: 'green', does: 'enriched to the data lake, for longer windows' },
  { id: '10', path: 'green', does: 'enriched to Databricks: windows, fits, scores' },
  { id: '11', path: 'green', does: 'Databricks asks the lake for more patient data' },
  { id: '11a', path: 'green', does: 'Copy of the scored data to the lake' },
  { id: '12', path: 'red', does: 'Scored payload to the ML Output function' },
  { id: '13a', path: 'red', does: 'RiskAssessment of each window to FHIR' },
  { id: '13b', path: 'red', does: 'Flag to FHIR when a window is out of range' },
  { id: '14', path: 'red', does: 'Scored data to Azure SQL' },
  { id: '15', path: 'red', does: 'Power BI dashboard updated in under 15 minutes' },
  { id: '16', path: 'orange', does: 'Power BI refreshes on its schedule' },
  { id: '17', path: 'orange', does: 'Care Team app populated with current data' },
  { id: '18', path: 'orange', does: 'Care coordination through Microsoft Teams' },
] as const satisfies readonly Step[];

export type StepId = (typeof steps)[number]['id'];

export function isStepId(text: string): text is StepId {
  return steps.some((step) => step.id === text);
}
