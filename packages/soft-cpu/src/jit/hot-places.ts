/**
 * Counts at places of decoded code, named by their records, until there are enough of a kind. What is forgotten is counted anew: nothing
 * but speed depends on any of it. Bound: COUNTED_PLACES of each kind.
 */
import { PAGE_END } from "../state/layout.ts";

/**
 * How often the neighbourhood of an instruction, 64 of them, is met before anybody asks where compilation would begin: most of an
 * operating system's code is met a few times, and asking takes as long as interpreting ten thousand instructions. Compiling costs us
 * some milliseconds and V8 ten on another thread, which may be the other half of our core; the interpreter runs a million instructions in that
 * time. So meetings are a price: what is compiled uses them up, and the next one of the same neighbourhood costs twice as many. Without that the
 * interpreter's few instructions between compiled loops were compiled, too, one after the other, from each of them: half of all functions.
 */
const NEIGHBOURS = 30;
/** How often an entry in such a place is met before it is compiled. */
const SAMPLES = 2;
/**
 * How often the interpreter enters compiled code that leaves at the same place, before something is compiled there: entering costs as much as
 * interpreting eight instructions, so by then it was worth compiling. So a function of two instructions is found that loops in other pages call: they leave for it each round, and yet the
 * interpreter is hardly ever met in it.
 */
const PASSAGES = 20_000;
/** Looks that find an entry not worth entering, before it is given up. */
const GIVE_UP = 4;
/** Log2 of the bytes of 64 records. */
const NEIGHBOURHOOD = 10;
/** Places of a kind that are counted at a time; then counting begins anew. */
const COUNTED_PLACES = 4096;

/** 64 instructions: how often they were met since something of them was compiled, and how often they must be. */
interface Neighbourhood {
  met: number;
  price: number;
}

export class HotPlaces {
  private readonly neighbourhoods = new Map<number, Neighbourhood>();
  private readonly entries = new Map<number, number>();
  private readonly passages = new Map<number, number>();
  private readonly doubts = new Map<number, number>();

  /** Execution was met at `record`. Was its neighbourhood met often enough to ask where compilation would begin? */
  meet(record: number): boolean {
    const neighbourhood = this.neighbourhoodOf(record);
    return ++neighbourhood.met >= neighbourhood.price;
  }

  /** Execution was met at `record`, and compilation would begin at `entry`. Is it to begin? Then that is paid for. */
  meetEntry(record: number, entry: number): boolean {
    if (!counted(this.entries, entry, 1, SAMPLES)) return false;
    const neighbourhood = this.neighbourhoodOf(record);
    neighbourhood.met = 0;
    neighbourhood.price *= 2;
    return true;
  }

  /** Compiled code that left at `record` was entered again, so many times. Is something to be compiled there? */
  pass(record: number, times: number): boolean {
    return counted(this.passages, record, times, PASSAGES);
  }

  /** The entry at `record` was not worth entering. Is it to be given up? */
  doubt(record: number): boolean {
    return counted(this.doubts, record, 1, GIVE_UP);
  }

  forgetEntry(record: number): void {
    this.entries.delete(record);
  }

  /** What is decoded in a page is new: nothing was met, and nothing paid for. Counts of single places may stay, they are soon enough anyway. */
  forgetPage(records: number): void {
    for (let key = records >> NEIGHBOURHOOD; key < (records + PAGE_END) >> NEIGHBOURHOOD; key++) this.neighbourhoods.delete(key);
  }

  clear(): void {
    for (const places of [this.neighbourhoods, this.entries, this.passages, this.doubts]) places.clear();
  }

  private neighbourhoodOf(record: number): Neighbourhood {
    const key = record >> NEIGHBOURHOOD;
    let neighbourhood = this.neighbourhoods.get(key);
    if (neighbourhood === undefined) {
      if (this.neighbourhoods.size >= COUNTED_PLACES) this.neighbourhoods.clear();
      this.neighbourhoods.set(key, (neighbourhood = { met: 0, price: NEIGHBOURS }));
    }
    return neighbourhood;
  }
}

/** Adds to the count of a place; once it is `enough`, says so and begins anew. */
function counted(counts: Map<number, number>, place: number, times: number, enough: number): boolean {
  const count = (counts.get(place) ?? 0) + times;
  if (count >= enough) {
    counts.delete(place);
    return true;
  }
  if (counts.size >= COUNTED_PLACES) counts.clear();
  counts.set(place, count);
  return false;
}
