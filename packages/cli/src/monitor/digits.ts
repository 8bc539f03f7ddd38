/** 1234567 → "1_234_567", as our messages write numbers. Pure. */
export const digits = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, "_");
