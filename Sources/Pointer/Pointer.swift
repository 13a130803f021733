// Pointer
