/** What scores the windows. Whatever it is, it reads `enriched` and writes `scored`, and rules and windows are the same. */
export const ScoringCompute = {
  /** A function app of this library: nothing else is needed, and it costs nothing while nobody is measured. */
  functions: 'functions',
  /** A continuous Spark job in a Databricks workspace, with its state in Delta tables. */
  databricks: 'databricks',
  /** As functions, with predictions from a managed online endpoint of Azure Machine Learning. */
  azuremlManaged: 'azureml-managed',
  /** As functions, with predictions from an online endpoint of Azure Machine Learning on a Kubernetes cluster. */
  azuremlKubernetes: 'azureml-kubernetes',
  /** As functions, with predictions from an HTTPS endpoint of somebody else. */
  partner: 'partner',
} as const;
/** What scores the windows. */
export type ScoringCompute = (typeof ScoringCompute)[keyof typeof ScoringCompute];

/** How values that people write into the health record reach scoring. */
export const ChartedValues = {
  /** By the events of the FHIR service, in `fhirevents`. */
  events: 'events',
  /** By searching the FHIR service time and again. */
  polling: 'polling',
} as const;
/** How values that people write into the health record reach scoring. */
export type ChartedValues = (typeof ChartedValues)[keyof typeof ChartedValues];

/** What is done for patients with a spinal cord injury, for whom NEWS2 may be unreliable. */
export const SpinalCordInjuryPolicy = {
  /** They are scored, with a caution. */
  caution: 'caution',
  /** They are not scored. */
  optOut: 'optOut',
} as const;
/** What is done for patients with a spinal cord injury. */
export type SpinalCordInjuryPolicy = (typeof SpinalCordInjuryPolicy)[keyof typeof SpinalCordInjuryPolicy];

/** Roles that people around scoring may be given. */
export const ScoringOperatorRole = {
  /** Storage Blob Data Reader on the lake's containers with enriched data, scores and baselines. */
  readLake: 'readLake',
  /** Azure Event Hubs Data Receiver on `scored`. */
  readScored: 'readScored',
  /**
   * What the connector's role of that name lacks: sends events of the FHIR service again into `fhirevents`, and reads and
   * removes dead letters where scoring has a container of its own.
   */
  replayDeadLetters: 'replayDeadLetters',
} as const;
/** Role that people who operate scoring may be given. */
export type ScoringOperatorRole = (typeof ScoringOperatorRole)[keyof typeof ScoringOperatorRole];

/** How the Databricks job's rights and files get into Unity Catalog. */
export const UnityCatalogMode = {
  /** A catalog is made in the metastore that Azure has attached to the workspace. */
  automatic: 'automatic',
  /** A schema is made in a catalog that exists. */
  existing: 'existing',
  /** Nothing is made in the workspace: files and `manualSteps` say what an administrator has to make. */
  none: 'none',
} as const;
/** How the Databricks job's rights and files get into Unity Catalog. */
export type UnityCatalogMode = (typeof UnityCatalogMode)[keyof typeof UnityCatalogMode];

/** What runs the kernel's bundle in a Python worker of Spark. */
export const KernelHost = {
  /** V8 in the worker's own process (mini-racer). */
  v8: 'v8',
  /** A Node.js process beside the worker; a wheel with it must be among `additionalWheels`. */
  node: 'node',
} as const;
/** What runs the kernel's bundle in a Python worker of Spark. */
export type KernelHost = (typeof KernelHost)[keyof typeof KernelHost];

/** How the app `score` proves to a partner's endpoint who it is. */
export const PartnerAuthentication = {
  /** A token of Microsoft Entra for the app's identity. */
  entra: 'entra',
  /** A key from a Key Vault, in a header. */
  apiKey: 'apiKey',
  /** A client certificate from a Key Vault. */
  mutualTls: 'mutualTls',
} as const;
/** How the app `score` proves to a partner's endpoint who it is. */
export type PartnerAuthentication = (typeof PartnerAuthentication)[keyof typeof PartnerAuthentication];

/** How windows are written to an endpoint, and its answers read. None says whose window it is. */
export const EndpointFormat = {
  /** `{"windows": [{"heartRate.median": 80}]}`, and `{"predictions": [{"risk": 0.1}]}` back. */
  features: 'features',
  /** As Azure Machine Learning serves MLflow models: `{"input_data": {"columns", "index", "data"}}`, and an array back. */
  dataframe: 'dataframe',
} as const;
/** How windows are written to an endpoint, and its answers read. */
export type EndpointFormat = (typeof EndpointFormat)[keyof typeof EndpointFormat];
