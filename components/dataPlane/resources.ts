import * as pulumi from '@pulumi/pulumi';
import type { EdgeDeploymentProps } from './edgeDeployment';
import type { EnrollmentGroupProps } from './enrollmentGroup';
import type { FunctionPackageProps } from './functionPackage';
import type { RolePropagationProps } from './rolePropagation';

/**
 * The provider that lies in the state: a constant text, which only loads a module of this package from where the program
 * runs. So state that an older release has written refreshes and is destroyed with the code of the release that is
 * installed, and no code of ours shows up in a preview. Serializing a function, as `pulumi.dynamic.Resource` does,
 * would also load the TypeScript compiler in every run.
 */
export function shim(module: string): string {
  return `exports.handler = () => require("module").createRequire(process.cwd() + "/")("pulumi-azure-iomt/dataPlane/${module}");`;
}

/** What a provider takes, as a program gives it. */
export type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> };

/** Waits once for new role assignments to reach every service. */
export class RolePropagation extends pulumi.CustomResource {
  constructor(name: string, props: Inputs<RolePropagationProps>, opts: pulumi.CustomResourceOptions) {
    super(typeOf('RolePropagation'), name, { ...props, __provider: shim('rolePropagation') }, opts);
  }
}

/** An enrolment group of a device provisioning service. */
export class EnrollmentGroup extends pulumi.CustomResource {
  constructor(name: string, props: Inputs<EnrollmentGroupProps>, opts: pulumi.CustomResourceOptions) {
    super(typeOf('EnrollmentGroup'), name, { ...props, __provider: shim('enrollmentGroup') }, opts);
  }
}

/** An automatic deployment of IoT Edge. */
export class EdgeDeployment extends pulumi.CustomResource {
  constructor(name: string, props: Inputs<EdgeDeploymentProps>, opts: pulumi.CustomResourceOptions) {
    super(typeOf('EdgeDeployment'), name, { ...props, __provider: shim('edgeDeployment') }, opts);
  }
}

/** In a program, files are an archive of Pulumi's, which reaches the provider in its serialized form. */
type FunctionPackageInputs = Inputs<Omit<FunctionPackageProps, 'program' | 'texts'>> & {
  readonly program: pulumi.asset.AssetArchive;
  readonly texts: Readonly<Record<string, pulumi.Input<string>>>;
};

/** The code of a function app. */
export class FunctionPackage extends pulumi.CustomResource {
  constructor(name: string, props: FunctionPackageInputs, opts: pulumi.CustomResourceOptions) {
    super(typeOf('FunctionPackage'), name, { ...props, __provider: shim('functionPackage') }, opts);
  }
}

/** The engine gives resources of this package to the dynamic provider that ships in the Pulumi SDK. */
const dynamicPackage = 'pulumi-nodejs';

export function typeOf(type: string): string {
  return `${dynamicPackage}:dynamic/azure-iomt:${type}`;
}

class DynamicProvider extends pulumi.ProviderResource {
  constructor(name: string, opts: pulumi.ResourceOptions) {
    super(dynamicPackage, name, {}, opts);
  }
}

/**
 * Options for the data-plane resources of a component. Where the stack forbids default providers, the dynamic provider is
 * one of them, so the component brings one of its own, unless it was handed one as `providers['pulumi-nodejs']`.
 */
export function dataPlaneOptions(component: pulumi.ComponentResource, name: string): pulumi.CustomResourceOptions {
  const inherited = component.getProvider(typeOf('RolePropagation'));
  if (inherited || !defaultProviderIsDenied()) return {};
  return { provider: new DynamicProvider(`${name}-data-plane`, { parent: component }) };
}

function defaultProviderIsDenied(): boolean {
  const denied = new pulumi.Config('pulumi').getObject<string[]>('disable-default-providers') ?? [];
  return denied.some((denial) => ['*', dynamicPackage].includes(denial.trim()));
}
