// libcurl, as far as HTTP uses it. Swift does not call variadic C: each wrapper here is one
// `curl_easy_setopt`, `curl_easy_getinfo` or `curl_multi_setopt` with the one type that its option takes.
#pragma once
#include <curl/curl.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

/// libcurl copies the string.
static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

/// The pointer is kept as it is, and must stay good.
static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

/// The list is kept as it is, and must stay good.
static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_writer(CURL *handle, curl_write_callback callback, void *context) {
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
    return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, callback);
}

static inline CURLcode ccurl_set_header_writer(CURL *handle, curl_write_callback callback, void *context) {
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
    return curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, callback);
}

static inline CURLcode ccurl_set_reader(
    CURL *handle, curl_read_callback reader, curl_seek_callback seeker, void *context) {
    curl_easy_setopt(handle, CURLOPT_READDATA, context);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, context);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, seeker);
    return curl_easy_setopt(handle, CURLOPT_READFUNCTION, reader);
}

/// How near an IPv4 address is, see `ccurl_nearness`.
static inline int ccurl_nearness_v4(const unsigned char *a) {
    if (a[0] == 127 || a[0] == 0) return 2;
    if (a[0] == 169 && a[1] == 254) return 3;
    if (a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168)) return 1;
    if ((a[0] == 100 && (a[1] & 0xc0) == 64) || (a[0] == 198 && (a[1] & 0xfe) == 18)) return 1;
    return 0;
}

/// How near an IPv6 address is, see `ccurl_nearness`.
static inline int ccurl_nearness_v6(const unsigned char *a) {
    static const unsigned char nothing[15] = {0};
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const unsigned char translated[12] = {0, 0x64, 0xff, 0x9b};
    // The address at which Amazon's machines are told their credentials.
    static const unsigned char metadata[4] = {0xfd, 0x00, 0x0e, 0xc2};
    if (memcmp(a, nothing, 15) == 0 && a[15] <= 1) return 2;
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, translated, 12) == 0 || memcmp(a, nothing, 12) == 0) return ccurl_nearness_v4(a + 12);
    if ((a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || memcmp(a, metadata, 4) == 0) return 3;
    return (a[0] & 0xfe) == 0xfc ? 1 : 0;
}

/// How near an address is: 0 anywhere, 1 in a private network, 2 this machine, 3 of the link alone.
///
/// Spec: RFC 6890.
static inline int ccurl_nearness(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return ccurl_nearness_v4((const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return ccurl_nearness_v6((const unsigned char *)&((const struct sockaddr_in6 *)address)->sin6_addr);
    return 2;
}

/// How near the numeric address of a host is; -1 for what is a name.
static inline int ccurl_nearness_of(const char *host) {
    unsigned char bytes[16];
    if (inet_pton(AF_INET, host, bytes) == 1) return ccurl_nearness_v4(bytes);
    if (inet_pton(AF_INET6, host, bytes) == 1) return ccurl_nearness_v6(bytes);
    return -1;
}

/// How near the server of the last exchange was; -1 where that is not known.
static inline int ccurl_peer_nearness(CURL *handle) {
    char *address = NULL;
    if (curl_easy_getinfo(handle, CURLINFO_PRIMARY_IP, &address) != CURLE_OK || !address) return -1;
    return ccurl_nearness_of(address);
}

/// To what sockets may be opened.
struct ccurl_reach {
    /// As `ccurl_nearness` has it; nothing nearer.
    int nearest;
    /// Whether something nearer was asked for.
    int is_refused;
};

/// Opens sockets that child processes do not get.
static inline curl_socket_t ccurl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    struct ccurl_reach *reach = context;
    if (ccurl_nearness(&address->addr) > reach->nearest) {
        reach->is_refused = 1;
        return CURL_SOCKET_BAD;
    }
    int type = address->socktype;
#ifdef SOCK_CLOEXEC
    type |= SOCK_CLOEXEC;
#endif
    int opened = socket(address->family, type, address->protocol);
#ifndef SOCK_CLOEXEC
    if (opened >= 0) fcntl(opened, F_SETFD, FD_CLOEXEC);
#endif
    return opened < 0 ? CURL_SOCKET_BAD : opened;
}

/// The reach is kept as it is, and must stay good.
static inline CURLcode ccurl_set_private_sockets(CURL *handle, struct ccurl_reach *reach) {
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, reach);
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, ccurl_open_socket);
}

/// Lets the handle speak HTTP and nothing else.
static inline CURLcode ccurl_set_http_only(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// Does not wait for a running name resolution when the handle goes, where libcurl knows how.
static inline void ccurl_set_quick_exit(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)handle;
#endif
}

static inline CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode ccurl_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode ccurl_get_private(CURL *handle, void **value) {
    return curl_easy_getinfo(handle, CURLINFO_PRIVATE, value);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

/// The file of trusted certificates that this libcurl was built to read, or null.
static inline const char *ccurl_default_bundle(void) {
    return curl_version_info(CURLVERSION_NOW)->cainfo;
}
