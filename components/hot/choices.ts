/** What kind of principal administers the repository's server. */
export const RepositoryAdministratorType = {
  /** A group of people and services; what a server should have. */
  Group: 'Group',
  /** One person. */
  User: 'User',
  /** A service principal or managed identity. */
  Application: 'Application',
} as const;
/** What kind of principal administers the repository's server. */
export type RepositoryAdministratorType =
  (typeof RepositoryAdministratorType)[keyof typeof RepositoryAdministratorType];

/** By which codes scores are written into the health record, beside those of the library. */
export const ScoreCodes = {
  /** None. */
  local: 'local',
  /** Those of SNOMED CT's edition for the United Kingdom, which asks for a licence. */
  snomedUk: 'snomedUk',
} as const;
/** By which codes scores are written into the health record. */
export type ScoreCodes = (typeof ScoreCodes)[keyof typeof ScoreCodes];

/** Roles of the repository's database that identities beside those of the path can be given. */
export const RepositoryRole = {
  /** Reads the views of the dashboard, and nothing else. */
  dashboardReader: 'dashboardReader',
  /** Writes windows and episodes, as the app `ml-output` does. */
  mlOutputWriter: 'mlOutputWriter',
  /** Writes patients and routes, as the app `routing` does. */
  routingWriter: 'routingWriter',
} as const;
/** Role of an identity in the repository's database. */
export type RepositoryRole = (typeof RepositoryRole)[keyof typeof RepositoryRole];

/** How the dashboard's workspace, connection, model and report get into Microsoft Fabric. */
export const DashboardDeployment = {
  /** As resources, by Fabric's API and with the deployer's token: previewed, changed and removed as all others. */
  resources: 'resources',
  /** As files, with `manualSteps` that say what to do with them. */
  files: 'files',
} as const;
/** How the dashboard gets into Microsoft Fabric. */
export type DashboardDeployment = (typeof DashboardDeployment)[keyof typeof DashboardDeployment];

/** Roles that people around the hot path may be given. */
export const HotPathOperatorRole = {
  /** SQL DB Contributor on the server: restores the database from its backups and resizes it, and sees nothing of what is in it. */
  manageDatabase: 'manageDatabase',
  /**
   * What the connector's role of that name lacks: sends results again into `scored`, and reads and removes dead letters where
   * the hot path has a container of its own.
   */
  replayDeadLetters: 'replayDeadLetters',
} as const;
/** Role that people who operate the hot path may be given. */
export type HotPathOperatorRole = (typeof HotPathOperatorRole)[keyof typeof HotPathOperatorRole];
