// What no filter can do without: a long-running filter process that only drains what it is to clean, and sends
// bytes of the right length back from a file when it is to smudge. Git's time with it is the floor for git data.
// usage: floor SOURCE. Spec: gitattributes(5), Long Running Filter Process; gitprotocol-common(5), pkt-line.
//
// A file becomes "floor SIZE HEAD", where HEAD is its first 16 bytes in hexadecimal digits, so that other content
// has another pointer. What comes back begins with HEAD, so that it is clean for Git.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PACKET_LIMIT = 65516, BUFFER_SIZE = 1 << 20, HEAD_SIZE = 16, POINTER_LIMIT = 256 };

static unsigned char input[BUFFER_SIZE], output[BUFFER_SIZE];
static size_t input_start, input_end, output_end;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

// Gives `count` bytes of the input, at most BUFFER_SIZE; they stay valid until the next call. Null at its end.
static unsigned char *take(size_t count) {
    if (input_end - input_start < count) {
        memmove(input, input + input_start, input_end - input_start);
        input_end -= input_start;
        input_start = 0;
    }
    while (input_end - input_start < count) {
        ssize_t got = read(0, input + input_end, BUFFER_SIZE - input_end);
        if (got < 0) fail("read");
        if (got == 0) return NULL;
        input_end += (size_t)got;
    }
    unsigned char *bytes = input + input_start;
    input_start += count;
    return bytes;
}

// The length of the next packet's content, 0 for a flush packet, -1 at the end of the input.
static long take_packet(unsigned char **content) {
    unsigned char *digits = take(4);
    if (!digits) return -1;
    char header[5] = {0};
    memcpy(header, digits, 4);
    long length = strtol(header, NULL, 16);
    if (length == 0) return 0;
    if (length < 4 || !(*content = take((size_t)length - 4))) fail("broken packet");
    return length - 4;
}

static void flush_output(void) {
    for (size_t done = 0; done < output_end;) {
        ssize_t put = write(1, output + done, output_end - done);
        if (put < 0) fail("write");
        done += (size_t)put;
    }
    output_end = 0;
}

// Begins a packet of `length` bytes; the caller fills in what it returns.
static unsigned char *put_packet(size_t length) {
    if (output_end + length + 4 > BUFFER_SIZE) flush_output();
    char header[5];
    snprintf(header, sizeof header, "%04x", (unsigned)(length + 4));
    memcpy(output + output_end, header, 4);
    unsigned char *content = output + output_end + 4;
    output_end += length + 4;
    return content;
}

static void put_line(const char *line) { memcpy(put_packet(strlen(line)), line, strlen(line)); }

static void put_flush(void) {
    if (output_end + 4 > BUFFER_SIZE) flush_output();
    memcpy(output + output_end, "0000", 4);
    output_end += 4;
}

// Reads the packets up to a flush packet. Gives their length together, and of their beginning what `head` holds.
static long long drain(unsigned char *head, size_t head_size) {
    long long total = 0;
    unsigned char *content;
    long length;
    while ((length = take_packet(&content)) > 0) {
        if ((size_t)total < head_size) {
            size_t room = head_size - (size_t)total;
            memcpy(head + total, content, (size_t)length < room ? (size_t)length : room);
        }
        total += length;
    }
    if (length < 0) fail("the input ends within a request");
    return total;
}

static void clean(void) {
    unsigned char head[HEAD_SIZE] = {0};
    long long size = drain(head, sizeof head);
    char pointer[POINTER_LIMIT];
    int length = snprintf(pointer, sizeof pointer, "floor %lld ", size);
    for (int index = 0; index < HEAD_SIZE; index++)
        length += snprintf(pointer + length, sizeof pointer - (size_t)length, "%02x", head[index]);
    pointer[length++] = '\n';
    memcpy(put_packet((size_t)length), pointer, (size_t)length);
}

static void smudge(int source) {
    char pointer[POINTER_LIMIT + 1] = {0};
    drain((unsigned char *)pointer, POINTER_LIMIT);
    long long size;
    int digits;
    if (sscanf(pointer, "floor %lld %n", &size, &digits) != 1) fail("not a pointer of the floor");
    unsigned char head[HEAD_SIZE];
    for (int index = 0; index < HEAD_SIZE; index++) sscanf(pointer + digits + 2 * index, "%2hhx", &head[index]);
    for (long long offset = 0; offset < size;) {
        size_t count = size - offset < PACKET_LIMIT ? (size_t)(size - offset) : PACKET_LIMIT;
        unsigned char *content = put_packet(count);
        if (pread(source, content, count, offset) != (ssize_t)count) fail("the source is too short");
        if (offset == 0) memcpy(content, head, count < HEAD_SIZE ? count : HEAD_SIZE);
        offset += (long long)count;
    }
}

int main(int count, char **arguments) {
    int source = count == 2 ? open(arguments[1], O_RDONLY) : -1;
    if (source < 0) fail("usage: floor SOURCE");
    // Fewer switches between Git and the filter; refused where the user's limit is used up.
    fcntl(0, F_SETPIPE_SZ, BUFFER_SIZE);
    fcntl(1, F_SETPIPE_SZ, BUFFER_SIZE);
    drain(NULL, 0);
    put_line("git-filter-server\n");
    put_line("version=2\n");
    put_flush();
    flush_output();
    drain(NULL, 0);
    put_line("capability=clean\n");
    put_line("capability=smudge\n");
    put_flush();
    flush_output();
    unsigned char *content;
    for (long length; (length = take_packet(&content)) > 0;) {
        int is_clean = length >= 13 && memcmp(content, "command=clean", 13) == 0;
        drain(NULL, 0);
        put_line("status=success\n");
        put_flush();
        if (is_clean) clean();
        else smudge(source);
        put_flush();
        put_flush();
        flush_output();
    }
    return 0;
}
