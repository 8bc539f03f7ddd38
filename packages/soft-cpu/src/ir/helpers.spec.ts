/** Modules import the helpers that their semantics call, and no others; and there is a function for every helper that rows declare. */
import { describe, expect, it } from "vitest";
import { fpHelpers } from "../fp/helpers.ts";
import type { Form } from "../isa/form.ts";
import { fpArithmetic } from "../isa/fp-arithmetic.ts";
import { fpCompare } from "../isa/fp-compare.ts";
import { fpConvert } from "../isa/fp-convert.ts";
import { fpMoves } from "../isa/fp-moves.ts";
import { simdFpConvert, simdFpScalarConvert } from "../isa/simd-fp-convert.ts";
import { simdFpIndexed, simdFpScalarIndexed } from "../isa/simd-fp-indexed.ts";
import { simdFpAcross, simdFpScalarPairwise } from "../isa/simd-fp-reduce.ts";
import { simdFpScalarThreeSame, simdFpThreeSame } from "../isa/simd-fp-three-same.ts";
import { simdFpScalarTwoMisc, simdFpTwoMisc } from "../isa/simd-fp-two-misc.ts";
import { decode } from "../isa/decoder.ts";
import { coldName, type Variant } from "../isa/variants.ts";
import { coldHandlersModule } from "../interpreter/core-module.ts";
import { compileModule, instantiate } from "../engine/wasm-api.ts";
import { CpuState } from "../state/cpu-state.ts";
import { Prng } from "../testing/prng.fixture.ts";
import { createWasmMemory } from "../testing/wasm-memory.fixture.ts";
import { CompiledTarget } from "../jit/compiled-target.ts";
import { CodeWriter } from "../wasm/code-writer.ts";
import { ModuleWriter } from "../wasm/module-writer.ts";
import { F64, I32 } from "../wasm/opcodes.ts";
import { Builder } from "./builder.ts";
import { apply, call, const32, local } from "./expr.ts";
import { HOST_FP_TRAP } from "../isa/host-functions.ts";
import { declareHelper, importHelpers } from "./helpers.ts";

const first = declareHelper("spec first", [I32], I32);
const second = declareHelper("spec second", [], I32);
const third = declareHelper("spec third", [F64], F64);
const unused = declareHelper("spec unused", [], I32);

describe("importHelpers", () => {
  it("finds calls wherever statements hold expressions, each once", () => {
    const nested = apply("i32.add", const32(1), call(I32, first, call(I32, second)));
    const builder = new Builder(new CompiledTarget(new CodeWriter(0)));
    builder.let(nested);
    builder.if(
      call(I32, first, const32(1)),
      () => {},
      () => builder.setVPart("f64.store", "d", 0, call(F64, third, local(F64, 2))),
    );
    const imported = importHelpers(new ModuleWriter(), builder.statements);
    expect(new Set(imported.keys())).toEqual(new Set([first, second, third]));
    expect(imported.has(unused)).toBe(false);
  });

  it("finds calls of expressions that stand by themselves", () => {
    expect([...importHelpers(new ModuleWriter(), [], [call(I32, second)]).keys()]).toEqual([second]);
  });

  it("may follow the function that calls: its number moves", () => {
    const module = new ModuleWriter();
    const fn = module.function([], [I32], "f");
    const before = fn.index;
    const imported = importHelpers(module, [], [call(I32, second)]);
    expect([before, fn.index]).toEqual([0, 1]);
    fn.code.call(imported.get(second)!);
    const { f } = instantiate(compileModule(module.build()), { helper: { "spec second": () => 7 } });
    expect((f as () => number)()).toBe(7);
  });
});

/** The handlers of a row: words of it are drawn until every combination of split fields has had its chance. */
function variantsOf(form: Form): Variant[] {
  const prng = new Prng(form.encoding);
  const found = new Set<Variant>();
  for (let tries = 0; tries < 400; tries++) {
    const word = ((prng.word() & ~form.bits.mask) | form.bits.value) >>> 0;
    if (form.when !== undefined && !form.when(form.fieldsOf(word))) continue;
    const { variant } = decode(word, 0);
    if (variant.form === form) found.add(variant);
  }
  return [...found];
}

describe("every floating-point row", () => {
  const forms = [
    fpArithmetic, fpCompare, fpConvert, fpMoves, simdFpAcross, simdFpConvert, simdFpIndexed, simdFpScalarConvert, simdFpScalarIndexed,
    simdFpScalarPairwise, simdFpScalarThreeSame, simdFpScalarTwoMisc, simdFpThreeSame, simdFpTwoMisc,
  ].flat();
  const memory = createWasmMemory(1);
  const nothing = (): number => 0;
  const cpu = { memory, resolve: nothing, commit: nothing };
  const host = { [HOST_FP_TRAP]: nothing };
  const helper = fpHelpers(() => new CpuState(memory.buffer));

  it("makes handlers that are valid, small, and find their helpers", { timeout: 20_000 }, () => {
    const sizes = forms.flatMap(variantsOf).map((variant) => {
      const bytes = coldHandlersModule([{ ...variant, name: coldName(variant) }]);
      instantiate(compileModule(bytes), { cpu, host, helper });
      return { name: variant.form.name, size: bytes.length };
    });
    expect(sizes.length).toBeGreaterThan(450);
    expect(sizes.filter(({ size }) => size > 1024)).toEqual([]);
  });
});
