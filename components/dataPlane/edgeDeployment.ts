import type { DiffResult } from '@pulumi/pulumi/dynamic';
import {
  createDocument,
  type Document,
  deleteDocument,
  type JsonObject,
  readDocument,
  updateDocument,
} from './document';
import { changed } from './inputs';
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

export async function create(props: EdgeDeploymentProps) {
  await createDocument(documentOf(props), props);
  return { id: props.deploymentId, outs: props };
}

export async function read(id: string, props: EdgeDeploymentProps) {
  const deployment = await readDocument(documentOf(props), props.deployment, props);
  return deployment ? { id, props: { ...props, deployment }, inputs: { ...props, deployment } } : {};
}

export async function update(_id: string, _olds: EdgeDeploymentProps, news: EdgeDeploymentProps) {
  await updateDocument(documentOf(news), news);
  return { outs: news };
}

async function remove(_id: string, props: EdgeDeploymentProps): Promise<void> {
  await deleteDocument(documentOf(props), props);
}

export { remove as delete };

export async function diff(_id: string, olds: EdgeDeploymentProps, news: EdgeDeploymentProps): Promise<DiffResult> {
  return { replaces: changed(olds, news, ['hubHost', 'deploymentId']) };
}

function documentOf({ hubHost, deploymentId, deployment }: EdgeDeploymentProps): Document {
  return {
    url: `https://${hubHost}/configurations/${encodeURIComponent(deploymentId)}?api-version=${apiVersion}`,
    what: `automatic deployment "${deploymentId}"`,
    content: { id: deploymentId, schemaVersion: '1.0', ...deployment },
  };
}
