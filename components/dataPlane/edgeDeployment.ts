import type { Document, JsonObject } from './document';
import { documentProvider } from './documentProvider';
import type { DataPlaneAccess } from './request';

/** An automatic deployment of IoT Edge in an IoT hub. */
export interface EdgeDeploymentProps extends DataPlaneAccess {
  /** Host of the IoT hub, as in `iot-x.azure-devices.net`. */
  readonly hubHost: string;
  /**
   * Id of the deployment. It ends with a hash of the modules' content, which IoT Hub does not let change: other content is
   * another deployment, made before the old one goes.
   */
  readonly deploymentId: string;
  /** The deployment as the hub's REST interface takes it. */
  readonly deployment: JsonObject;
}

const apiVersion = '2021-04-12';

export const { create, read, update, remove, diff } = documentProvider<EdgeDeploymentProps>({
  place: ['hubHost', 'deploymentId'],
  id: 'deploymentId',
  content: 'deployment',
  documentOf,
});

export { remove as delete };

function documentOf({ hubHost, deploymentId, deployment }: EdgeDeploymentProps): Document {
  return {
    url: `https://${hubHost}/configurations/${encodeURIComponent(deploymentId)}?api-version=${apiVersion}`,
    what: `automatic deployment "${deploymentId}"`,
    content: { id: deploymentId, schemaVersion: '1.0', ...deployment },
  };
}
