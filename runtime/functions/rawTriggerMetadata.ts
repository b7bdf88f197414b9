import type { CoreInvocationContext, InvocationModel, ProgrammingModel, RpcTypedData } from '@azure/functions-core';

/** A trigger's metadata as the host sent it. */
export type RawTriggerMetadata = Readonly<Record<string, RpcTypedData>>;

/** By the context that a handler is called with. */
const metadataOfContext = new WeakMap<object, RawTriggerMetadata>();

/**
 * A programming model like the given one that also keeps each trigger's metadata as it came. @azure/functions makes the
 * first letter of every name in it a small one, those of a device's own properties too (its `src/converters/toCamelCase.ts`),
 * so that `DeviceType` and `deviceType` could not be told apart. The worker lets an app set its own model; it uses the
 * last one that was set, so this is to be set after the app's first function is registered.
 */
export function keepingRawMetadata(model: ProgrammingModel): ProgrammingModel {
  return {
    name: model.name,
    version: model.version,
    getInvocationModel: (core) => keepMetadata(core, model.getInvocationModel(core)),
    getCapabilities: async (capabilities) => model.getCapabilities?.(capabilities) ?? capabilities,
  };
}

function keepMetadata(core: CoreInvocationContext, model: InvocationModel): InvocationModel {
  return {
    async getArguments() {
      const given = await model.getArguments();
      metadataOfContext.set(given.context, core.request.triggerMetadata ?? {});
      return given;
    },
    invokeFunction: (context, inputs, callback) => model.invokeFunction(context, inputs, callback),
    getResponse: (context, result) => model.getResponse(context, result),
  };
}

/** What the host sent with the invocation of this context. */
export function rawTriggerMetadata(context: object): RawTriggerMetadata {
  const metadata = metadataOfContext.get(context);
  if (metadata === undefined) throw new Error('The programming model that keeps trigger metadata is not set.');
  return metadata;
}
