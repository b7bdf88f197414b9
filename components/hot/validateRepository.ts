import { BackupStorageRedundancy } from '../azure/sqlDatabase';
import { sqlServerIdPattern } from '../azure/sqlServer';
import { known, type Problems } from '../azure/validation';
import { RepositoryAdministratorType, RepositoryRole } from './choices';
import type { CompleteHotPath } from './defaults';

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is wrong with the repository's settings, whose paths start there. */
export function repositoryProblems(problems: Problems, settings: CompleteHotPath): void {
  const { repository } = settings;
  problems.text(
    'existingSqlServerId',
    repository.existingSqlServerId,
    sqlServerIdPattern,
    'must be the ARM id of a server of Azure SQL',
  );
  administratorProblems(problems, settings);
  sizeProblems(problems, settings);
  backupProblems(problems, settings);
  reachProblems(problems, settings);
  repository.users.forEach(({ name, clientId, role }, i) => {
    problems.text(
      `users[${i}].name`,
      name,
      /^[^\s[\]'"]{1,128}$/u,
      'the name of a user must be 1 to 128 characters without spaces, brackets and quotes',
    );
    problems.text(`users[${i}].clientId`, clientId, guid, 'the client id of a user must be a GUID');
    problems.oneOf(`users[${i}].role`, role, Object.values(RepositoryRole), 'the role of a user');
  });
}

function administratorProblems(problems: Problems, { repository }: CompleteHotPath): void {
  const { administrator, existingSqlServerId } = repository;
  if (administrator === undefined) return;
  if (existingSqlServerId !== undefined) {
    problems.add('administrator', 'is for a new server; a server that exists has one already.');
  }
  const below = problems.below('administrator');
  // Programs without types may leave them out.
  below.text('login', administrator.login ?? '', /^\S(.{0,126}\S)?$/u, 'must be 1 to 128 characters');
  below.text('objectId', administrator.objectId ?? '', guid, 'the object id of the administrator must be a GUID');
  const types = Object.values(RepositoryAdministratorType);
  below.oneOf('principalType', administrator.principalType, types, 'the type of the administrator');
}

/** "Resource limits for single databases using the vCore purchasing model": serverless, Gen5. */
const capacities: readonly number[] = [1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 32, 40, 80];

function sizeProblems(problems: Problems, { repository }: CompleteHotPath): void {
  const { maxSizeGigabytes } = repository;
  const most = known<number>(repository.capacity);
  const least = known<number>(repository.minCapacity);
  if (most !== undefined && !capacities.includes(most)) {
    problems.add('capacity', `must be one of ${capacities.join(', ')} vCores; given is ${JSON.stringify(most)}.`);
  } else if (most !== undefined && least !== undefined) {
    const floor = Math.max(0.5, most / 8);
    if (typeof least !== 'number' || least < floor || least > most || !Number.isInteger(least * 4)) {
      problems.add(
        'minCapacity',
        `must be a multiple of 0.25 from ${floor} to ${most} vCores, which capacity allows; given is ${JSON.stringify(least)}.`,
      );
    }
  }
  problems.wholeNumber('maxSizeGigabytes', maxSizeGigabytes, 1, 4096, 'the gigabytes of the database');
}

function backupProblems(problems: Problems, { repository }: CompleteHotPath): void {
  const redundancies = Object.values(BackupStorageRedundancy);
  problems.oneOf('backupStorageRedundancy', repository.backupStorageRedundancy, redundancies, 'the place of backups');
  const days = 'the days back to which the database can be restored';
  problems.wholeNumber('shortTermRetentionDays', repository.shortTermRetentionDays, 1, 35, days);
  // "Long-term retention": up to 10 years.
  const period = /^(PT0S|P([1-9]\d{0,3})([DWMY]))$/;
  for (const key of ['weeklyRetention', 'monthlyRetention', 'yearlyRetention'] as const) {
    const rule = 'for how long backups are kept is days, weeks, months or years of ISO 8601, or PT0S, as in P12W';
    problems.text(key, repository[key], period, rule);
  }
  problems.wholeNumber('weekOfYear', repository.weekOfYear, 1, 52, 'the week of the yearly backup');
}

function reachProblems(problems: Problems, settings: CompleteHotPath): void {
  const { repository, diagnosticSettings, privateEndpoints, publicNetworkAccess } = settings;
  if (repository.auditing && !diagnosticSettings) {
    problems.add('auditing', 'needs a workspace to audit into; give diagnosticSettings, or leave it out.');
  }
  const isClosed = publicNetworkAccess === 'Disabled' || (privateEndpoints && publicNetworkAccess === undefined);
  if (repository.allowAzureServices && isClosed) {
    problems.add('allowAzureServices', 'needs a public endpoint, which the server has not; leave it out.');
  }
}
