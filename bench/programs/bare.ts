import * as pulumi from '@pulumi/pulumi';

/** The least that a Pulumi program can be. */
export const name = pulumi.getProject();
