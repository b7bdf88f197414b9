import { defaultKernelSettings } from '../../runtime/scoring/kernelSettings';
import { completeCommon, dataAccess } from '../azure/commonDefaults';
import { merge } from '../azure/merge';
import type { HotPathArgs } from '../hotPath';
import type { DashboardSettings } from './dashboardSettings';
import type { RepositorySettings, RoutingSettings } from './settings';

const repository = {
  capacity: 4,
  minCapacity: 1,
  maxSizeGigabytes: 128,
  zoneRedundant: true,
  backupStorageRedundancy: 'Zone' as const,
  shortTermRetentionDays: 14,
  weeklyRetention: 'P12W',
  monthlyRetention: 'P12M',
  yearlyRetention: 'P6Y',
  weekOfYear: 1,
  threatProtection: true,
} satisfies RepositorySettings;

const routing: Required<RoutingSettings> = {
  entraObjectIdSystem: 'https://graph.microsoft.com/objectId',
  recordNumberSystem: '',
  defaultQueue: 'default',
  intervalMinutes: 1,
  staleMinutes: 15,
};

const kernel = defaultKernelSettings;

/** Settings with every default filled in: default < args. */
export function completeHotPath(args: Omit<HotPathArgs, 'hospitalId' | 'resourceGroupName'>) {
  return {
    ...args,
    ...completeCommon(args),
    windowMinutes: args.windowMinutes ?? kernel.windowSeconds / 60,
    latenessMinutes: args.latenessMinutes ?? kernel.latenessSeconds / 60,
    contextCodes: args.contextCodes ?? {},
    repository: completeRepository(args),
    routing: merge(routing, args.routing),
    dashboard: completeDashboard(args),
    scoreCodes: args.scoreCodes ?? ('local' as const),
    latencyWarningMinutes: args.latencyWarningMinutes ?? 10,
    latencyBreachMinutes: args.latencyBreachMinutes ?? 15,
    maximumBatchEvents: args.maximumBatchEvents ?? 1000,
    alwaysReadyInstances: args.alwaysReadyInstances ?? 0,
    instanceMemoryMB: args.instanceMemoryMB ?? 2048,
    deadLetterRetentionDays: args.deadLetterRetentionDays ?? 30,
    alerts: args.alerts ?? true,
    alertActionGroupIds: args.alertActionGroupIds ?? [],
    roleAssignments: args.roleAssignments ?? [],
    artefactsFolder: args.artefactsFolder ?? 'artefacts',
  };
}

function completeDashboard({ dashboard, deployerReach }: Pick<HotPathArgs, 'dashboard' | 'deployerReach'>) {
  if (dashboard === undefined) return undefined;
  const defaults = {
    capacityAdministrators: [],
    capacitySku: 'F2',
    ...{ administrators: [], viewers: [], operators: [] },
    pageRefreshSeconds: 60,
    deployment: deployerReach === 'none' ? ('files' as const) : ('resources' as const),
  };
  return merge<typeof dashboard & Required<Pick<DashboardSettings, keyof typeof defaults>>>(defaults, dashboard);
}

function completeRepository(args: Omit<HotPathArgs, 'hospitalId' | 'resourceGroupName'>) {
  const defaults = {
    ...repository,
    auditing: args.diagnosticSettings !== undefined,
    allowAzureServices: dataAccess(args) === 'Enabled',
    users: [],
  };
  return merge<Required<Omit<RepositorySettings, 'existingSqlServerId' | 'administrator'>> & RepositorySettings>(
    defaults,
    args.repository,
  );
}

export type CompleteHotPath = ReturnType<typeof completeHotPath>;
