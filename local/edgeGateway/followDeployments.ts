import { isDeepStrictEqual } from 'node:util';
import { AzureError, type Log } from '../contracts';
import type { IotHubs } from '../iotHub/iotHubs';
import type { DeploymentContent } from './deployment';

const lookEveryMilliseconds = 1_000;

/**
 * Gives a gateway the automatic deployment that is in force for it at its hub, and each one that follows.
 * On Azure the hub tells IoT Edge by the twins of its modules; here the local cloud looks once a second.
 * @param hubIds the hubs that the gateway may be registered in; until it is in one of them it has no deployment.
 * @returns what ends it.
 */
export function followDeployments(
  gateway: { applyDeployment(deployment: DeploymentContent | undefined): Promise<void> },
  hubs: Pick<IotHubs, 'deploymentsFor'>,
  hubIds: () => readonly string[],
  edgeDeviceId: string,
  log: Log,
): () => void {
  let applied: DeploymentContent | undefined;
  const look = async () => {
    const effective = effectiveDeployment(hubs, hubIds(), edgeDeviceId);
    if (isDeepStrictEqual(effective, applied)) return;
    applied = effective;
    await gateway.applyDeployment(effective);
  };
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch((error: Error) => log.warn(`Edge gateway ${edgeDeviceId}: ${error.message}`))
      .finally(() => {
        busy = false;
      });
  }, lookEveryMilliseconds);
  return () => clearInterval(timer);
}

function effectiveDeployment(
  hubs: Pick<IotHubs, 'deploymentsFor'>,
  hubIds: readonly string[],
  edgeDeviceId: string,
): DeploymentContent | undefined {
  for (const hubId of hubIds) {
    try {
      const effective = hubs.deploymentsFor(hubId, edgeDeviceId);
      if (effective !== undefined) return effective.content as DeploymentContent;
    } catch (error) {
      // Not registered there, or no such hub any more.
      if (!(error instanceof AzureError) || error.status !== 404) throw error;
    }
  }
  return undefined;
}
