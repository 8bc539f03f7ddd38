/**
 * A plugin of nothing but wires and RxJS operators: it watches every signal that reaches the router, in machine time, and tells of
 * sources that storm. It owns nothing, so it can be put into any machine and taken out again.
 */
import { definePlugin, type GsiEvent, GsiRoutingToken, type PluginDefinition } from "@trapline/core";
import { bufferCount, filter, groupBy, map, mergeMap, type OperatorFunction, pipe, take } from "rxjs";

export interface Storm {
  readonly gsi: number;
  /** Machine time of the last of so many rises. */
  readonly atNs: number;
  readonly withinNs: number;
}

export interface StormOptions {
  /** So many rises … */
  readonly rises: number;
  /** … in so many nanoseconds are a storm. */
  readonly withinNs: number;
}

/** Signals → the first storm of each GSI. An operator like any other: it is tested without a machine. */
export function storms({ rises, withinNs }: StormOptions): OperatorFunction<GsiEvent, Storm> {
  return pipe(
    filter(({ signal }) => signal !== "low"),
    groupBy(({ gsi }) => gsi),
    mergeMap((source$) =>
      source$.pipe(
        bufferCount(rises, 1), // a window that slides over the rises, one by one
        filter((window) => window.length === rises),
        map((window) => ({ gsi: source$.key, atNs: window.at(-1)!.atNs, withinNs: window.at(-1)!.atNs - window[0]!.atNs })),
        filter((window) => window.withinNs <= withinNs),
        take(1),
      ),
    ),
  );
}

/** Takes the routes of a GSI that storms out of the table, and says so. */
export function stormDetector(options: StormOptions & { readonly tell: (line: string) => void }): PluginDefinition {
  const { tell } = options;
  return definePlugin({
    name: "storm-detector",
    create: (vmm) => ({
      attach(scope) {
        scope.add(
          vmm.router.gsi$.pipe(storms(options)).subscribe(({ gsi, atNs, withinNs }) => {
            tell(`GSI ${gsi} storms: ${options.rises} rises in ${withinNs} ns at ${atNs / 1000} µs; cut off`);
            const routing = vmm.get(GsiRoutingToken);
            routing.replace(routing.routes.filter((route) => route.gsi !== gsi));
          }),
        );
      },
    }),
  });
}
