/** All instructions this CPU knows, in the manual's order. What no other row matches is UNDEFINED. */
import { branches } from "./branches.ts";
import { dataProcessingImmediate } from "./data-processing-immediate.ts";
import { dataProcessingRegister } from "./data-processing-register.ts";
import type { Form } from "./form.ts";
import { fpArithmetic } from "./fp-arithmetic.ts";
import { fpCompare } from "./fp-compare.ts";
import { fpConvert } from "./fp-convert.ts";
import { fpMoves } from "./fp-moves.ts";
import { loadsExclusive } from "./loads-exclusive.ts";
import { loadsImmediate } from "./loads-immediate.ts";
import { loadsLiteral } from "./loads-literal.ts";
import { loadsPair } from "./loads-pair.ts";
import { loadsRegister } from "./loads-register.ts";
import { loadsVectorMultiple } from "./loads-vector-multiple.ts";
import { loadsVectorSingle } from "./loads-vector-single.ts";
import { simdAcross } from "./simd-across.ts";
import { simdCopy } from "./simd-copy.ts";
import { simdFpConvert, simdFpScalarConvert } from "./simd-fp-convert.ts";
import { simdFpIndexed, simdFpScalarIndexed } from "./simd-fp-indexed.ts";
import { simdFpAcross, simdFpScalarPairwise } from "./simd-fp-reduce.ts";
import { simdFpScalarThreeSame, simdFpThreeSame } from "./simd-fp-three-same.ts";
import { simdFpScalarTwoMisc, simdFpTwoMisc } from "./simd-fp-two-misc.ts";
import { simdImmediate } from "./simd-immediate.ts";
import { simdIndexed, simdScalarIndexed } from "./simd-indexed.ts";
import { simdPairwise, simdScalarPairwise } from "./simd-pairwise.ts";
import { simdPermute } from "./simd-permute.ts";
import { simdShiftImmediate, simdScalarShiftImmediate } from "./simd-shift-immediate.ts";
import { simdThreeDifferent, simdScalarThreeDifferent } from "./simd-three-different.ts";
import { simdThreeSame, simdScalarThreeSame } from "./simd-three-same.ts";
import { simdTwoMisc, simdScalarTwoMisc } from "./simd-two-misc.ts";
import { system, undefinedInstruction } from "./system.ts";

export const instructionForms: readonly Form[] = [
  ...dataProcessingImmediate,
  ...branches,
  ...system,
  ...loadsExclusive,
  ...loadsVectorMultiple,
  ...loadsVectorSingle,
  ...loadsLiteral,
  ...loadsPair,
  ...loadsImmediate,
  ...loadsRegister,
  ...dataProcessingRegister,
  ...simdAcross,
  ...simdCopy,
  ...simdImmediate,
  ...simdIndexed,
  ...simdScalarIndexed,
  ...simdPairwise,
  ...simdScalarPairwise,
  ...simdPermute,
  ...simdShiftImmediate,
  ...simdScalarShiftImmediate,
  ...simdThreeDifferent,
  ...simdScalarThreeDifferent,
  ...simdThreeSame,
  ...simdScalarThreeSame,
  ...simdTwoMisc,
  ...simdScalarTwoMisc,
  ...fpMoves,
  ...fpArithmetic,
  ...fpCompare,
  ...fpConvert,
  ...simdFpThreeSame,
  ...simdFpScalarThreeSame,
  ...simdFpTwoMisc,
  ...simdFpScalarTwoMisc,
  ...simdFpConvert,
  ...simdFpScalarConvert,
  ...simdFpIndexed,
  ...simdFpScalarIndexed,
  ...simdFpAcross,
  ...simdFpScalarPairwise,
  undefinedInstruction,
];
