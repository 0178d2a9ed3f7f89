module github.com/cotterpin/cotterpin/examples

go 1.26.0
