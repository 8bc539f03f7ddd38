/** The nodes of the `virt` board that belong to no device: the root's names, the terminal of `/chosen`, and the alias of the UART. */
import { addAlias, chosenNode, definePlugin, type PluginDefinition } from "@trapline/core";

const UART = "/pl011@9000000";

export function virtNodes(): PluginDefinition {
  return definePlugin({
    name: "virt",
    create: () => ({
      deviceTree(tree) {
        tree.node("/", "virt").compatible("linux,dummy-virt").set("model", "linux,dummy-virt").set("dma-coherent", true);
        chosenNode(tree, "virt").set("stdout-path", UART);
        addAlias(tree, "serial0", UART, "virt");
      },
    }),
  });
}
