import type * as pulumi from '@pulumi/pulumi';

/** The dashboard of step 15 in Microsoft Fabric (Power BI). */
export interface DashboardSettings {
  /**
   * ARM id of a Fabric capacity that exists; default a new one.
   * @default a new one
   */
  existingFabricCapacityId?: pulumi.Input<string>;
  /**
   * Who administers the new capacity: user principal names of people, object ids of service principals; default none. A new
   * capacity needs somebody.
   * @default none
   */
  capacityAdministrators?: pulumi.Input<string>[];
  /**
   * Size of the new capacity, as `F2`, `F4` and so on to `F2048`; default `F2`. Automatic page refresh below 30 minutes
   * needs a capacity; from `F64` on readers need no Power BI Pro licence.
   * @default F2
   */
  capacitySku?: string;
}
