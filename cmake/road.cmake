# road_test(NAME SOURCES... LIBS...): one test program a module; `roadchief test` finds it in tests.list.
function(road_test name)
    cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBS" ${ARGN})
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 120)
    endif()
    add_executable(test_${name} ${T_SOURCES})
    target_link_libraries(test_${name} PRIVATE ${T_LIBS} road_flags)
    set_property(GLOBAL APPEND_STRING PROPERTY ROAD_TESTS "${name} ${T_TIMEOUT} $<TARGET_FILE:test_${name}>\n")
endfunction()

# road_script_test(NAME TIMEOUT COMMAND): a test that drives whole programs (bash or node).
function(road_script_test name timeout command)
    set_property(GLOBAL APPEND_STRING PROPERTY ROAD_TESTS "${name} ${timeout} ${command}\n")
endfunction()

# road_fuzz(NAME SOURCES... LIBS...): a libFuzzer target; its corpus lies in tests/fuzz/corpus/NAME.
function(road_fuzz name)
    cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
    if(ROAD_FUZZ)
        add_executable(fuzz_${name} ${T_SOURCES})
        target_link_libraries(fuzz_${name} PRIVATE ${T_LIBS} road_flags)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    endif()
endfunction()

# road_bench(NAME SOURCES... LIBS...): prints `name value unit` lines; NAME = what stands before the first dot.
function(road_bench name)
    cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(bench_${name} ${T_SOURCES})
    target_link_libraries(bench_${name} PRIVATE ${T_LIBS} road_flags)
    set_property(GLOBAL APPEND_STRING PROPERTY ROAD_BENCHES "${name} $<TARGET_FILE:bench_${name}>\n")
endfunction()
