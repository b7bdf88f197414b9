import { createHash } from 'node:crypto';
import type { JsonObject } from '../dataPlane/document';
import type { CompleteSettings } from './defaults';

type EdgeSettings = NonNullable<CompleteSettings['edge']>;

/** An automatic deployment as it is applied or handed to the device team. */
export interface EdgeDeploymentPlan {
  readonly deploymentId: string;
  readonly deployment: JsonObject;
}

/** What gateways run: the two modules of IoT Edge, which keep messages and pass all of them on. */
export function edgeDeployment(hospitalId: string, settings: CompleteSettings, edge: EdgeSettings): EdgeDeploymentPlan {
  const content = { modulesContent: { $edgeAgent: edgeAgent(edge), $edgeHub: edgeHub(edge) } };
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 8);
  return {
    deploymentId: `${edge.deploymentId}-${hash}`,
    deployment: {
      labels: { hospitalId, environment: settings.environment },
      targetCondition: edge.targetCondition,
      priority: edge.priority,
      content,
    },
  };
}

/** Schema versions of the module twins ("Properties of the IoT Edge agent and hub module twins"). */
const twinSchemaVersion = '1.1';

/**
 * Where the modules keep their state, in their containers. Without a folder of the host behind it, messages that wait for the
 * uplink are lost with the container, as when an image is renewed ("Give IoT Edge modules access to local storage").
 */
const moduleStorageFolder = '/iotedge/storage';

function edgeAgent({ edgeAgentImageTag, edgeHubImageTag, hostStorageFolder }: EdgeSettings): JsonObject {
  const registry = 'mcr.microsoft.com';
  const env = { StorageFolder: { value: moduleStorageFolder } };
  const storage = (module: string) => ({ Binds: [`${hostStorageFolder}/${module}:${moduleStorageFolder}`] });
  const createOptions = (hostConfig: JsonObject) => JSON.stringify({ HostConfig: hostConfig });
  return {
    'properties.desired': {
      schemaVersion: twinSchemaVersion,
      runtime: { type: 'docker', settings: { minDockerVersion: 'v1.25' } },
      systemModules: {
        edgeAgent: {
          type: 'docker',
          env,
          settings: {
            image: `${registry}/azureiotedge-agent:${edgeAgentImageTag}`,
            createOptions: createOptions(storage('edgeAgent')),
          },
        },
        edgeHub: {
          type: 'docker',
          status: 'running',
          restartPolicy: 'always',
          env,
          settings: {
            image: `${registry}/azureiotedge-hub:${edgeHubImageTag}`,
            createOptions: createOptions({ ...storage('edgeHub'), PortBindings: hubPorts() }),
          },
        },
      },
      modules: {},
    },
  };
}

/** Devices reach the gateway by MQTT (8883), AMQP (5671) and HTTPS (443). */
function hubPorts(): JsonObject {
  const ports = ['443', '5671', '8883'];
  return Object.fromEntries(ports.map((port) => [`${port}/tcp`, [{ HostPort: port }]]));
}

function edgeHub({ timeToLiveSecs }: EdgeSettings): JsonObject {
  return {
    'properties.desired': {
      schemaVersion: twinSchemaVersion,
      routes: { upstream: 'FROM /messages/* INTO $upstream' },
      storeAndForwardConfiguration: { timeToLiveSecs },
    },
  };
}
