import { isDeepStrictEqual } from 'node:util';
import { AzureError, type Clock } from '../contracts';
import { type Device, isObject, newEtag } from './device';
import { requireEtag } from './deviceRegistry';
import { DocumentStore } from './documents';
import { parseTargetCondition } from './routing/query';

type JsonObject = Readonly<Record<string, unknown>>;

/** An automatic deployment, in the words of IoT Hub's REST API (`/configurations/{id}`). */
export interface Configuration {
  readonly id: string;
  readonly schemaVersion: string;
  readonly labels: JsonObject;
  readonly content: JsonObject;
  readonly targetCondition: string;
  /** The deployment of the highest priority wins; of equal ones the one that was made last. */
  readonly priority: number;
  readonly metrics: JsonObject;
  readonly createdTimeUtc: string;
  readonly lastUpdatedTimeUtc: string;
  readonly etag: string;
}

/** IoT Hub quotas: at most 100 deployments a paid hub. */
const mostConfigurations = 100;

/** The automatic deployments of one hub. */
export class Configurations {
  private readonly configurations: DocumentStore<Configuration>;

  constructor(
    folder: string,
    private readonly clock: Clock,
  ) {
    this.configurations = new DocumentStore<Configuration>(folder);
  }

  list(): Configuration[] {
    return this.configurations.values();
  }

  /** @throws AzureError 404 */
  get(id: string): Configuration {
    const found = this.configurations.get(id);
    if (found === undefined) throw new AzureError(404, 'ConfigurationNotFound', `There is no configuration "${id}".`);
    return found;
  }

  /**
   * Makes a configuration (no etag) or changes one (its etag, or `*`).
   * @throws AzureError 400 for what cannot be, 409 when it exists, 412 when it has changed
   */
  async put(id: string, given: JsonObject, etag: string | undefined): Promise<Configuration> {
    const old = this.configurations.get(id);
    if (old === undefined && etag !== undefined && etag !== '*') this.get(id);
    if (old !== undefined && etag === undefined) {
      throw new AzureError(
        409,
        'ConfigurationAlreadyExists',
        `There is a configuration "${id}" already: send If-Match.`,
      );
    }
    if (old !== undefined && etag !== undefined) requireEtag(old.etag, etag);
    const now = new Date(this.clock.now()).toISOString();
    const configuration: Configuration = {
      ...read(id, given),
      createdTimeUtc: old?.createdTimeUtc ?? now,
      lastUpdatedTimeUtc: now,
      etag: newEtag(),
    };
    if (old !== undefined && !isDeepStrictEqual(old.content, configuration.content)) {
      throw new AzureError(
        400,
        'ConfigurationContentImmutable',
        `The content of "${id}" cannot be changed: delete it or make another one.`,
      );
    }
    if (old === undefined && this.configurations.size >= mostConfigurations) {
      throw new AzureError(
        403,
        'ConfigurationCountExceeded',
        `A hub has at most ${mostConfigurations} configurations.`,
      );
    }
    await this.configurations.put(id, configuration);
    return configuration;
  }

  /** @throws AzureError 404, 412 */
  async delete(id: string, etag: string): Promise<void> {
    requireEtag(this.get(id).etag, etag);
    await this.configurations.delete(id);
  }

  /** The deployment that an IoT Edge device runs; nothing when none targets it. */
  effectiveFor(device: Device): Configuration | undefined {
    const target = {
      deviceId: device.deviceId,
      tags: device.twin.tags,
      capabilities: { iotEdge: device.iotEdge },
      properties: { reported: device.twin.reported.values },
    };
    return this.list()
      .filter(({ content }) => isObject(content.modulesContent))
      .filter(({ targetCondition }) => targetCondition !== '' && parseTargetCondition(targetCondition)(target))
      .sort((a, b) => b.priority - a.priority || b.createdTimeUtc.localeCompare(a.createdTimeUtc))[0];
  }
}

/** IoT Hub: a configuration id is lower-case letters, digits and - : + % _ # * ? ! ( ) , = @ ; ' up to 128. */
const idPattern = /^[a-z0-9\-:+%_#*?!(),=@;']{1,128}$/;

function read(id: string, given: JsonObject): Omit<Configuration, 'createdTimeUtc' | 'lastUpdatedTimeUtc' | 'etag'> {
  if (!idPattern.test(id)) {
    throw new AzureError(
      400,
      'InvalidConfigurationId',
      `The configuration id "${id}" is not allowed: lower-case letters, digits and - : + % _ # * ? ! ( ) , = @ ; ', at most 128.`,
    );
  }
  const content = given.content;
  if (!isObject(content) || !(isObject(content.modulesContent) || isObject(content.deviceContent))) {
    throw new AzureError(
      400,
      'InvalidConfigurationContent',
      `The configuration "${id}" needs content.modulesContent or content.deviceContent.`,
    );
  }
  const targetCondition = typeof given.targetCondition === 'string' ? given.targetCondition : '';
  try {
    if (targetCondition !== '') parseTargetCondition(targetCondition);
  } catch (error) {
    throw new AzureError(
      400,
      'InvalidTargetCondition',
      `The target condition of "${id}" cannot be used: ${(error as Error).message}`,
    );
  }
  return {
    id,
    schemaVersion: typeof given.schemaVersion === 'string' ? given.schemaVersion : '1.0',
    labels: isObject(given.labels) ? given.labels : {},
    content,
    targetCondition,
    priority: typeof given.priority === 'number' ? given.priority : 0,
    metrics: isObject(given.metrics) ? given.metrics : {},
  };
}
