// OpenSSL's libcrypto, as far as Digest uses it.
#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
