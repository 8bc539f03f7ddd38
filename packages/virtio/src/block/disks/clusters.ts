/** Disks that keep only what was written keep it in clusters of 64 KiB; ranges are cut at their borders here. */

/** What is allocated and given back at once. */
export const CLUSTER_BYTES = 0x1_0000;
/** Largest disk of clusters: 8 TiB, so that tables and bitmaps of them stay small. */
export const MAX_CLUSTERED_BYTES: number = 2 ** 43;

/** Visits the part of a range in each cluster: which cluster, bytes from its start, how many. */
export function eachCluster(offset: number, length: number, visit: (cluster: number, start: number, count: number) => void): void {
  for (let at = offset; at < offset + length;) {
    const cluster = Math.floor(at / CLUSTER_BYTES);
    const start = at - cluster * CLUSTER_BYTES;
    const count = Math.min(CLUSTER_BYTES - start, offset + length - at);
    visit(cluster, start, count);
    at += count;
  }
}

/** Bytes of a cluster: the last of a disk may be shorter. */
export function clusterSize(diskBytes: number, cluster: number): number {
  return Math.min(CLUSTER_BYTES, diskBytes - cluster * CLUSTER_BYTES);
}
