/** What is held until it is given back: hand it to a plugin's scope, or call `release` yourself. Releasing twice does nothing. */
import type { Unsubscribable } from "rxjs";

/** Something that is held until it is given back. */
export interface Held extends Unsubscribable {
  release(): void;
  /** The same, under the name by which `scope.add` takes it. */
  unsubscribe(): void;
}

/** Base of everything that is held. */
export abstract class Holding implements Held {
  private released = false;

  release(): void {
    if (this.released) return;
    this.released = true;
    this.giveBack();
  }

  unsubscribe(): void {
    this.release();
  }

  protected abstract giveBack(): void;
}
