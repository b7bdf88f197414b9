import type { DatabricksSettings } from './settings';

type Optional =
  | 'managedResourceGroupName'
  | 'azureDatabricksPrincipalId'
  | 'catalogName'
  | 'runAsApplicationId'
  | 'miniRacerWheel';

/** Settings of Databricks with every default filled in. */
export type CompleteDatabricks = Required<Omit<DatabricksSettings, Optional>> & Pick<DatabricksSettings, Optional>;

export function completeDatabricks(given: DatabricksSettings): CompleteDatabricks {
  return {
    ...given,
    complianceStandards: given.complianceStandards ?? ['HIPAA'],
    unityCatalog: given.unityCatalog ?? 'automatic',
    sparkVersion: given.sparkVersion ?? '16.4.x-scala2.12',
    nodeTypeId: given.nodeTypeId ?? 'Standard_D4ds_v5',
    workers: given.workers ?? 0,
    triggerSeconds: given.triggerSeconds ?? 5,
    serverless: given.serverless ?? false,
    generation: given.generation ?? 1,
    kernelHost: given.kernelHost ?? 'v8',
    retentionDays: given.retentionDays ?? 14,
    additionalWheels: given.additionalWheels ?? [],
    alertEmails: given.alertEmails ?? [],
  };
}
